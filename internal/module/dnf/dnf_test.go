package dnf

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// A repo answers as rpm and dnf would.
type repo struct {
	tool     string
	names    string // the section names, beyond what is installed
	upgrades string
	says     string // dnf's stdout
	fails    string // dnf's stderr; "" for success
}

var asked = regexp.MustCompile(`printf 'installed %s\\n' (\S+?)[\n;]`)

func (r *repo) setup(installed ...string) func(h *remotetest.Host) {
	return func(h *remotetest.Host) {
		copied := *r
		r := &copied
		for _, p := range installed {
			h.AddPackage(p, "1")
		}
		h.OnQuery = func(h *remotetest.Host, script string) (remote.Result, error) {
			if script == holders {
				return remote.Result{Stdout: []byte("process 77 (dnf upgrade )\n")}, nil
			}
			out := "\n@@kops tool\n" + r.tool + "\n\n@@kops names\n" + r.names
			for _, m := range asked.FindAllStringSubmatch(script, -1) {
				if h.Installed[m[1]].Installed {
					out += "installed " + m[1] + "\n"
				}
			}
			if strings.Contains(script, "check-update") {
				out += "\n@@kops upgrades\n" + r.upgrades
			}
			return remote.Result{Stdout: []byte(out)}, nil
		}
		h.OnExec = func(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
			if r.fails != "" {
				return remote.Result{ExitCode: 1, Stderr: []byte(r.fails)}, nil
			}
			verb := ""
			for _, w := range cmd.Argv {
				switch {
				case w == "install" || w == "upgrade" || w == "remove":
					verb = w
				case verb == "remove":
					delete(h.Installed, w)
				case verb != "":
					h.AddPackage(w, "2")
				}
			}
			if verb == "upgrade" {
				r.upgrades = ""
			}
			return remote.Result{Stdout: []byte(r.says)}, nil
		}
	}
}

func TestDnf(t *testing.T) {
	args := moduletest.Args
	rocky := &repo{tool: "dnf", says: "Complete!\n", upgrades: "\ntar.x86_64   2:1.34-7.el9   baseos\n"}
	did := func(want ...string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			var got []string
			for _, c := range h.Calls() {
				if c.Kind == "exec" {
					got = append(got, strings.Trim(strings.ReplaceAll(strings.ReplaceAll(c.Detail, `"`, ""), "-y --setopt=exit_on_lock=True ", ""), "[]"))
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("did %q, want %q", got, want)
			}
		}
	}
	predicts := func(want module.Prediction) func(*testing.T, module.Change) {
		return func(t *testing.T, c module.Change) {
			if c.Predict != want {
				t.Errorf("predicts %v, want %v", c.Predict, want)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: rocky.setup("tar"), Args: args("name", "tar"), Unchanged: true},
		{Name: "new", Setup: rocky.setup("tar"), Args: args("name", "tar,java-17", "disable_gpg_check", true, "enablerepo", "epel", "state", "installed"),
			CheckPlan: predicts(module.Changes), Check: did("dnf --enablerepo=epel --nogpgcheck install java-17")},
		{Name: "provided", Setup: (&repo{tool: "dnf", names: "provided java-headless\n"}).setup(), Args: args("name", "java-headless"), Unchanged: true},
		{Name: "latest has an upgrade", Setup: rocky.setup("tar", "zip"), Args: args("name", "tar,zip", "state", "latest"), Check: did("dnf upgrade tar")},
		{Name: "latest is there", Setup: rocky.setup("zip"), Args: args("name", "zip", "state", "latest"), Unchanged: true},
		{Name: "all", Setup: rocky.setup(), Args: args("name", "*", "state", "latest", "security", true), Check: did("dnf --security upgrade")},
		{Name: "latest after a refresh", Setup: rocky.setup("tar"), Args: args("name", "tar", "state", "latest", "update_cache", true), Repeats: false,
			CheckPlan: predicts(module.Unknown), Check: did("dnf -q -y makecache --refresh", "dnf upgrade tar")},
		{Name: "remove", Setup: rocky.setup("tar"), Args: args("name", "tar", "state", "removed"), Check: did("dnf remove tar")},
		{Name: "absent already", Setup: rocky.setup(), Args: args("name", "tar", "state", "absent"), Unchanged: true},
		{Name: "yum", Setup: (&repo{tool: "yum"}).setup(), Args: args("name", "tar"), Check: did("yum install tar")},
		{Name: "group with nothing to do", Setup: (&repo{tool: "dnf", says: "Nothing to do.\nComplete!\n"}).setup(), Args: args("name", "@development"), Repeats: true,
			CheckPlan: predicts(module.Unknown), Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("msg") != "Nothing to do" {
					t.Error(value.Str(r))
				}
			}},
		{Name: "no such package", Setup: (&repo{tool: "dnf", fails: "Error: Unable to find a match: tra\nNo match for argument: tra\n"}).setup(), Args: args("name", "tra"), Err: "No package tra available"},
		{Name: "fails", Setup: (&repo{tool: "dnf", fails: "Error: disk full"}).setup(), Args: args("name", "tar"), Err: "install tar' failed: Error: disk full"},
		{Name: "locked", Setup: (&repo{tool: "dnf", fails: "Error: Failed to obtain the transaction lock (logged in as: root)."}).setup(), Args: args("name", "tar", "lock_timeout", int64(0)),
			Err: "another package manager runs, for more than 0 seconds (lock_timeout): process 77 (dnf upgrade )"},
		{Name: "neither", Setup: (&repo{}).setup(), Args: args("name", "tar"), Err: "neither dnf nor yum"},
		{Name: "nothing asked", Args: args("state", "latest"), Err: "one of these arguments is required: name"},
		{Name: "star", Args: args("name", "*"), Err: "name: * is only for state latest"},
		{Name: "autoremove", Args: args("name", "a", "autoremove", true), Err: "autoremove: only with state absent"},
		{Name: "list", Args: args("list", "installed"), Err: "list: not supported; use command: dnf list"},
	})
}

// TestReadUpgrades reads what dnf check-update and yum check-update print.
func TestReadUpgrades(t *testing.T) {
	const text = `
java-17-amazon-corretto-headless.x86_64
                                1:17.0.10+8-1.amzn2.1        amzn2-core
openssl-libs.x86_64             1:3.0.7-27.el9               baseos
Obsoleting Packages
grub2-tools.x86_64              1:2.06-70.el9                baseos
`
	want := []string{"java-17-amazon-corretto-headless", "java-17-amazon-corretto-headless.x86_64", "openssl-libs", "openssl-libs.x86_64"}
	if got := readUpgrades(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
