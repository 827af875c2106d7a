//go:build lab

package all_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"kops/internal/module"
	"kops/internal/module/all"
	"kops/internal/remote"
	"kops/internal/remote/ssh"
	"kops/internal/value"
)

// The spare host of the lab that the modules are tried on: lab/lab up spare3.
const (
	spare     = "10.99.0.43"
	labKey    = "/var/lib/kops-lab/ssh/id_ed25519"
	labKnown  = "/var/lib/kops-lab/ssh/known_hosts"
	taskLimit = 3 * time.Minute
)

// A labTask is a module and its arguments.
type labTask struct {
	name   string
	module string
	args   *value.Map
	repeat bool // it changes, or waits, each time
	err    bool
}

// TestLabModules runs tasks on a real host, each twice: the second finds nothing.
func TestLabModules(t *testing.T) {
	dialer := ssh.NewDialer(ssh.Options{KnownHosts: []string{labKnown}})
	defer dialer.Close()
	c, err := dialer.Dial(t.Context(), "spare3", remote.Settings{Address: spare, User: "ops", PrivateKeyFile: labKey, HostKeyChecking: true, SSHArgs: []string{"-F", "/dev/null"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := c.As(remote.Become{Method: "sudo"})
	args := value.NewMap
	registry := module.NewRegistry(all.Modules())
	for _, task := range []labTask{
		{name: "ping", module: "ping", args: args()},
		{name: "facts", module: "setup", args: args()},
		{name: "group", module: "group", args: args("name", "kopstest", "system", true)},
		{name: "user", module: "user", args: args("name", "kopstest", "group", "kopstest", "groups", "adm", "shell", "/bin/sh", "home", "/srv/a/kopstest", "password", "$6$saltsalt$x")},
		{name: "user is changed", module: "user", args: args("name", "kopstest", "groups", "adm,games", "shell", "/bin/bash", "comment", "it's", "password_lock", true, "expires", 86400.0*20000)},
		{name: "home is lost", module: "shell", args: args("cmd", "rm -r /srv/a/kopstest", "removes", "/srv/a/kopstes?")},
		{name: "home is made", module: "user", args: args("name", "kopstest")},
		{name: "expanded", module: "command", args: args("cmd", "test /root = $HOME"), repeat: true},
		{name: "fails", module: "command", args: args("cmd", "false"), repeat: true, err: true},
		{name: "user is removed", module: "user", args: args("name", "kopstest", "state", "absent", "remove", true)},
		{name: "group is removed", module: "group", args: args("name", "kopstest", "state", "absent")},
		{name: "unit file", module: "shell", args: args("cmd", "printf '[Service]\nExecStart=/usr/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/kopstest.service",
			"creates", "/etc/systemd/system/kopstest.service")},
		{name: "unit", module: "systemd", args: args("name", "kopstest", "state", "started", "enabled", true)},
		{name: "unit file changes", module: "shell", args: args("cmd", "sed -i s/1000/2000/ /etc/systemd/system/kopstest.service"), repeat: true},
		{name: "reload unasked", module: "systemd", args: args("name", "kopstest", "state", "started")},
		{name: "restart", module: "systemd", args: args("name", "kopstest", "state", "restarted", "daemon_reload", true), repeat: true},
		{name: "unit stops", module: "systemd", args: args("name", "kopstest", "state", "stopped", "enabled", false)},
		{name: "mask", module: "systemd", args: args("name", "no-such-unit", "masked", true)},
		{name: "unmask", module: "systemd", args: args("name", "no-such-unit", "masked", false)},
		{name: "port", module: "wait_for", args: args("port", int64(22), "search_regex", "^SSH-2.0")},
		{name: "closed port", module: "wait_for", args: args("port", int64(9), "timeout", int64(1)), repeat: true, err: true},
		{name: "not drained", module: "wait_for", args: args("host", "0.0.0.0", "port", int64(22), "state", "drained", "timeout", int64(1)), repeat: true, err: true},
		{name: "install", module: "apt", args: args("name", "tree", "update_cache", true, "cache_valid_time", int64(3600))},
		{name: "latest", module: "apt", args: args("name", "tree", "state", "latest")},
		{name: "virtual", module: "apt", args: args("name", "awk")},
		{name: "no such package", module: "apt", args: args("name", "no-such-package"), repeat: true, err: true},
		{name: "purge", module: "apt", args: args("name", "tree", "state", "absent", "purge", true)},
	} {
		t.Run(task.name, func(t *testing.T) {
			first := run(t, registry, h, task)
			if second := run(t, registry, h, task); second && !task.repeat {
				t.Errorf("the second run finds something to do (the first: %v)", first)
			}
		})
	}
}

// run runs a task as the runner does, and tells whether anything was to be done.
func run(t *testing.T, registry *module.Registry, h remote.Host, task labTask) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), taskLimit)
	defer cancel()
	m, ok := registry.Find(task.module)
	if !ok {
		t.Fatalf("no module %s", task.module)
	}
	spec, errs := m.Decode(task.args)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	did := false
	for again := true; again; {
		again = false
		c, err := spec.Plan(ctx, h)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range c.Steps {
			did = true
			out, err := step.Do(ctx, h)
			if task.err {
				if err == nil {
					t.Errorf("%s: no error", step.Summary)
				}
				t.Logf("%s: %v", step.Summary, err)
				return did
			}
			if err != nil {
				t.Fatalf("%s: %v", step.Summary, err)
			}
			again = again || out.Replan
		}
	}
	return did
}
