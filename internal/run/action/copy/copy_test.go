package copy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/run/action/actiontest"
	"kops/internal/template"
	"kops/internal/value"
)

func host() *remotetest.Host {
	h := remotetest.New()
	h.AddDir("/srv", 0o755)
	h.OnScript = moduletest.Shell
	return h
}

func TestCopy(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(secret, []byte("$ANSIBLE_VAULT;1.1;AES256\n00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	engine := template.New(template.Options{ReadFile: func(string) ([]byte, error) { return []byte("opened"), nil }})
	tests := []struct {
		name string
		args *value.Map
		path string
		want string
	}{
		{name: "file", args: value.NewMap("src", "motd", "dest", "/etc/motd"), path: "/etc/motd", want: "hello\n"},
		{name: "into a folder", args: value.NewMap("src", "motd", "dest", "/srv"), path: "/srv/motd", want: "hello\n"},
		{name: "content", args: value.NewMap("content", value.NewMap("a", true), "dest", "/etc/x"), path: "/etc/x", want: `{"a": true}`},
		{name: "folder", args: value.NewMap("src", "dash", "dest", "/srv"), path: "/srv/dash/sub/a.json", want: "{}\n"},
		{name: "what is in a folder", args: value.NewMap("src", "dash/", "dest", "/srv/new"), path: "/srv/new/link", want: "{}\n"},
		{name: "mode of the source", args: value.NewMap("src", secret, "dest", "/etc/key", "mode", "preserve", "decrypt", false), path: "/etc/key", want: "$ANSIBLE_VAULT;1.1;AES256\n00\n"},
		{name: "vault", args: value.NewMap("src", secret, "dest", "/etc/key"), path: "/etc/key", want: "opened"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := actiontest.Call{Args: tt.args, Search: []string{"testdata"}, Host: host(), Engine: engine}
			m := New()
			_, result, err := c.Apply(t, m)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := c.Host.Content(tt.path); got != tt.want {
				t.Errorf("%q, result %s", got, value.Repr(result))
			}
			if tt.args.At("mode") == "preserve" && result.At("mode") != "0600" {
				t.Errorf("mode %v", result.At("mode"))
			}
			if again, _, err := c.Apply(t, m); err != nil || len(again.Steps) != 0 {
				t.Errorf("the second time: %+v %v", again, err)
			}
		})
	}
}

func TestLinksStay(t *testing.T) {
	c := actiontest.Call{Args: value.NewMap("src", "dash", "dest", "/srv", "local_follow", false), Search: []string{"testdata"}, Host: host()}
	if _, _, err := c.Apply(t, New()); err != nil || !strings.Contains(c.Host.Tree(), "/srv/dash/link L--------- 0777 0:0 \"\" sub/a.json") {
		t.Errorf("%v\n%s", err, c.Host.Tree())
	}
}

func TestErrors(t *testing.T) {
	for want, args := range map[string]*value.Map{
		`src: there is no "none" on the controller; searched in:` + "\n\ttestdata/files/none": value.NewMap("src", "none", "dest", "/x"),
		"src, content": value.NewMap("dest", "/x"),
	} {
		_, err := actiontest.Call{Args: args, Search: []string{"testdata"}}.Act(t, New())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
