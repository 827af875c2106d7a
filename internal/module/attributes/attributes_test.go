package attributes

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
)

func TestCommands(t *testing.T) {
	mode, err := module.ParseMode("u+x,g-w")
	if err != nil {
		t.Fatal(err)
	}
	file := remote.File{Path: "/etc/my file", Exists: true, Mode: 0o664, Owner: "root", Group: "root"}
	setuid, link := file, file
	setuid.Mode = 0o4755
	link.Type = fs.ModeSymlink
	cases := []struct {
		name string
		args Arguments
		file remote.File
		want string
	}{
		{"nothing asked for", Arguments{}, file, ""},
		{"as it is, by name and number", Arguments{Owner: "root", Group: "0"}, file, ""},
		{"symbolic mode", Arguments{Mode: mode}, file, "chmod -- 0744 '/etc/my file'"},
		{"owner and group", Arguments{Owner: "kafka", Group: "kafka"}, file, "chown -- kafka:kafka '/etc/my file'"},
		{"a number that has a name", Arguments{Owner: "100"}, file, "chown -- kafka '/etc/my file'"},
		{"a number that has none", Arguments{Group: "4711"}, file, "chown -- :4711 '/etc/my file'"},
		{"chown clears setuid", Arguments{Owner: "kafka"}, setuid, "chown -- kafka '/etc/my file'; chmod -- 4755 '/etc/my file'"},
		{"a link has an owner and no mode", Arguments{Owner: "kafka", Mode: mode}, link, "chown -h -- kafka '/etc/my file'"},
	}
	h := remotetest.New()
	h.AddUser("kafka", 100)
	for _, c := range cases {
		known, err := c.args.Lookup(context.Background(), h)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Commands(c.file, c.args.Apply(c.file, known)), "; "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if differ := c.want != ""; c.args.Differ(c.file) != differ {
			t.Errorf("%s: Differ is %v", c.name, !differ)
		}
	}
}

func TestMissingAccounts(t *testing.T) {
	h := remotetest.New()
	for want, a := range map[string]Arguments{
		`owner: there is no user "kafka"`: {Owner: "kafka"},
		`group: there is no group "adm"`:  {Group: "adm"},
	} {
		if _, err := a.Lookup(context.Background(), h); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPath(t *testing.T) {
	h := remotetest.New()
	h.AddUser("kafka", 100)
	for p, want := range map[string]string{
		"/etc//x/../y": "/etc/y",
		"~/.ssh":       "/home/root/.ssh",
		"~kafka":       "/home/kafka",
		"~nobody/x":    `there is no user nobody`,
		"etc/x":        `is not an absolute path`,
	} {
		got, err := Path(context.Background(), h, "dest", p)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: got %s, want %s", p, got, want)
		}
	}
}
