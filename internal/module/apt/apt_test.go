package apt

import (
	"fmt"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// A mirror answers as dpkg, apt-cache and apt-get would.
type mirror struct {
	age       int64 // of the lists, in seconds
	lists     string
	provides  string
	candidate map[string]string
	upgrades  []string
	stderr    string // apt-get fails with it
	fails     int    // how often, -1 for always
}

func (m *mirror) setup(installed ...string) func(h *remotetest.Host) {
	return func(h *remotetest.Host) {
		copied := *m
		m := &copied
		for _, p := range installed {
			name, version, _ := strings.Cut(p, "=")
			h.AddPackage(name, version)
		}
		h.OnQuery = func(h *remotetest.Host, script string) (remote.Result, error) { return m.query(h, script), nil }
		h.OnScript = func(h *remotetest.Host, script string) (remote.Result, error) {
			m.age = 0
			return remote.Result{Stdout: []byte("1700000000\n")}, nil
		}
		h.OnExec = m.exec
	}
}

func (m *mirror) query(h *remotetest.Host, script string) remote.Result {
	switch script {
	case listsScript:
		return remote.Result{Stdout: []byte(m.lists)}
	case holders:
		return remote.Result{Stdout: []byte("/var/lib/dpkg/lock-frontend is held by process 77 (unattended-upgrade )\n")}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n@@kops time\n%d\n%d\n", h.Now, h.Now-m.age)
	b.WriteString("\n@@kops packages\n")
	for _, p := range h.Installed {
		if strings.Contains(script, p.Name) || strings.Contains(script, "dpkg-deb") || strings.Contains(script, "kafka*") && strings.HasPrefix(p.Name, "kafka") {
			fmt.Fprintf(&b, "%s\tamd64\t%s\tinstall installed\t\n", p.Name, p.Version)
		}
	}
	b.WriteString("old\tamd64\t1\tdeinstall config-files\t\n\n@@kops provides\n" + m.provides + "\n@@kops policy\n")
	for name, version := range m.candidate {
		fmt.Fprintf(&b, "%s:\n  Installed: x\n  Candidate: %s\n  Version table:\n", name, version)
	}
	if strings.Contains(script, "simulate") {
		b.WriteString("\n@@kops simulate\n" + strings.Join(m.upgrades, "\n") + "\n")
	}
	if strings.Contains(script, "dpkg-deb") {
		b.WriteString("\n@@kops deb\nkafka-deb\tamd64\t2.0\tinstall installed\t\n")
	}
	return remote.Result{Stdout: []byte(b.String())}
}

func (m *mirror) exec(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
	if m.fails != 0 {
		m.fails--
		return remote.Result{ExitCode: 100, Stderr: []byte(m.stderr)}, nil
	}
	verb := ""
	for _, w := range cmd.Argv[1:] {
		switch {
		case w == "update":
			m.lists += "x"
			m.candidate = map[string]string{"htop": "3.3"}
			return remote.Result{}, nil
		case w == "install" || w == "remove" || w == "upgrade" || w == "dist-upgrade" || w == "autoremove":
			verb = w
			m.upgrades = nil
		case verb == "" || strings.HasPrefix(w, "-"):
		case verb == "remove":
			delete(h.Installed, w)
		case strings.HasSuffix(w, ".deb"):
			h.AddPackage("kafka-deb", "2.0")
		default:
			name, version, _ := strings.Cut(w, "=")
			version = strings.TrimSuffix(version, "*")
			if version == "" {
				version = m.candidate[name]
			}
			h.AddPackage(name, version)
		}
	}
	return remote.Result{Stdout: []byte("Setting up\n")}, nil
}

func TestApt(t *testing.T) {
	args := moduletest.Args
	plain := &mirror{age: 100}
	newer := &mirror{age: 100, candidate: map[string]string{"htop": "3.2"}}
	did := func(want string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			var got []string
			for _, c := range h.Calls() {
				if c.Kind == "exec" {
					got = append(got, strings.ReplaceAll(strings.ReplaceAll(c.Detail, `"`, ""), "-y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold ", ""))
				}
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("did %s, want %s", s, want)
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
		{Name: "there", Setup: plain.setup("htop=3.2"), Args: args("name", "htop"), Unchanged: true},
		{Name: "there in that version", Setup: plain.setup("htop=3.2-1"), Args: args("name", "htop=3.2*"), Unchanged: true},
		{Name: "there, lists fresh", Setup: plain.setup("htop=3.2"), Args: args("pkg", "htop", "cache_valid_time", int64(3600)), Unchanged: true},
		{Name: "new", Setup: plain.setup(), Args: args("name", "htop,tree", "install_recommends", false), CheckPlan: predicts(module.Changes),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				did("[apt-get --no-install-recommends install htop tree]")(t, h, r)
				if r.At("stdout") != "Setting up\n" {
					t.Error(value.Str(r))
				}
			}},
		{Name: "new after an update", Setup: plain.setup(), Args: args("name", "htop", "cache_valid_time", int64(50)),
			Check: did("[apt-get update] [apt-get install htop]")},
		{Name: "there, lists old", Setup: plain.setup("htop=3"), Args: args("name", "htop", "cache_valid_time", int64(50)), Repeats: true, CheckPlan: predicts(module.None),
			Check: did("[apt-get update]")},
		{Name: "other version", Setup: plain.setup("htop=3.2"), Args: args("name", "htop=3.1*", "allow_downgrade", true), Check: did("[apt-get --allow-downgrades install htop=3.1*]")},
		{Name: "latest is there", Setup: newer.setup("htop=3.2"), Args: args("name", "htop", "state", "latest"), Unchanged: true},
		{Name: "latest is newer", Setup: newer.setup("htop=3.1"), Args: args("name", "htop", "state", "latest"), Check: did("[apt-get install htop]")},
		{Name: "latest is known after the update", Setup: newer.setup("htop=3.2"), Args: args("name", "htop", "state", "latest", "cache_valid_time", int64(50)),
			CheckPlan: predicts(module.Unknown), Check: did("[apt-get update] [apt-get install htop]")},
		{Name: "only upgrade", Setup: plain.setup(), Args: args("name", "htop", "only_upgrade", true), Unchanged: true},
		{Name: "virtual", Setup: (&mirror{provides: "postfix\tamd64\t3.7\tinstall installed\tmail-transport-agent, default-mta (= 1)\n"}).setup(),
			Args: args("name", "mail-transport-agent"), Unchanged: true},
		{Name: "absent already", Setup: plain.setup(), Args: args("name", "htop", "state", "absent"), Unchanged: true},
		{Name: "remove by glob", Setup: plain.setup("kafka-a=1", "kafka-b=1", "htop=1"), Args: args("name", "kafka*", "state", "absent", "autoremove", true),
			Check: did("[apt-get remove --auto-remove kafka-a kafka-b]")},
		{Name: "configuration is left", Setup: plain.setup(), Args: args("name", "old", "state", "absent"), Unchanged: true},
		{Name: "purge what is left", Setup: plain.setup(), Args: args("name", "old", "state", "absent", "purge", true), Repeats: true, Check: did("[apt-get remove --purge old]")},
		{Name: "update alone", Setup: plain.setup(), Args: args("update_cache", true), CheckPlan: predicts(module.Unknown), Check: did("[apt-get update]")},
		{Name: "nothing to upgrade", Setup: plain.setup(), Args: args("upgrade", "dist"), Unchanged: true},
		{Name: "upgrade", Setup: (&mirror{upgrades: []string{"Inst libc6 [1] (2 Debian)"}}).setup(), Args: args("upgrade", "yes"), Check: did("[apt-get upgrade --with-new-pkgs]")},
		{Name: "autoremove", Setup: (&mirror{upgrades: []string{"Remv libold [1]"}}).setup(), Args: args("autoremove", true, "purge", true), Check: did("[apt-get autoremove --purge]")},
		{Name: "deb", Setup: plain.setup("kafka-deb=1.0"), Args: args("deb", "/tmp/k.deb"), Check: did("[apt-get install /tmp/k.deb]")},
		{Name: "deb is there", Setup: plain.setup("kafka-deb=2.0"), Args: args("deb", "/tmp/k.deb"), Unchanged: true},
		{Name: "locked", Setup: (&mirror{stderr: "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77", fails: -1}).setup(),
			Args: args("name", "htop", "lock_timeout", int64(0)), Err: "apt is locked, for more than 0 seconds (lock_timeout): /var/lib/dpkg/lock-frontend is held by process 77 (unattended-upgrade )"},
		{Name: "unlocked in time", Setup: (&mirror{stderr: "E: Could not get lock /var/lib/dpkg/lock", fails: 1}).setup(), Args: args("name", "htop")},
		{Name: "no such package", Setup: (&mirror{stderr: "E: Unable to locate package htpo", fails: -1}).setup(), Args: args("name", "htpo"), Err: "No package matching 'htpo' is available"},
		{Name: "apt fails", Setup: (&mirror{stderr: "E: broken", fails: -1}).setup(), Args: args("name", "htop"), Err: "install htop' failed: E: broken"},
		{Name: "update fails", Setup: (&mirror{stderr: "E: Temporary failure resolving", fails: -1}).setup(), Args: args("update_cache", true, "update_cache_retries", int64(0)),
			Err: "Failed to update apt cache, 1 times"},
		{Name: "no Debian", Setup: func(h *remotetest.Host) {
			h.OnQuery = func(*remotetest.Host, string) (remote.Result, error) { return remote.Result{}, nil }
		}, Args: args("name", "htop"), Err: "is this a Debian system?"},
		{Name: "nothing asked", Args: args("purge", true), Err: "one of these arguments is required: name"},
		{Name: "version and latest", Args: args("name", "htop=3", "state", "latest"), Err: "name: htop=3 has a version"},
		{Name: "glob to install", Args: args("name", "kafka*"), Err: "name: kafka* is a glob"},
		{Name: "option", Args: args("name", "--yes"), Err: `name: "--yes" is not the name of a package`},
		{Name: "build-dep", Args: args("name", "htop", "state", "build-dep"), Err: "state: build-dep is not supported"},
		{Name: "deb elsewhere", Args: args("deb", "http://x/a.deb"), Err: "deb: \"http://x/a.deb\" is not an absolute path"},
		{Name: "name and deb", Args: args("name", "a", "deb", "/a.deb"), Err: "name and deb exclude each other"},
		{Name: "name and upgrade", Args: args("name", "a", "upgrade", "yes"), Err: "name and upgrade exclude each other"},
	})
}
