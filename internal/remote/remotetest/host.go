// Package remotetest has a host in memory for the tests of modules: a tree of files,
// accounts, units and packages, and handlers for scripts and commands. It records what
// was asked of it, so that a test can tell reads from writes.
//
// Scripts are not interpreted: a test says with OnScript, OnQuery and OnExec what they
// answer and what they change. Tests that need a real shell use remote/local in a
// temporary folder.
package remotetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"kops/internal/remote"
)

// A Host is a host in memory. The maps may be filled before use and looked at afterwards.
type Host struct {
	UserName string // who acts; "root"
	Now      int64  // the host's clock, seconds since 1970; a file that is written gets it

	UsersByName  map[string]remote.User
	GroupsByName map[string]remote.Group
	UnitsByName  map[string]remote.Unit
	Installed    map[string]remote.Package

	// OnQuery answers Query and OnScript answers Script and, where OnQuery is nil, Query.
	// They may change the host. Without a handler a script is an error, which names it.
	OnQuery  func(h *Host, script string) (remote.Result, error)
	OnScript func(h *Host, script string) (remote.Result, error)
	OnHold   func(h *Host, script string) (remote.Result, error)
	OnExec   func(h *Host, cmd remote.Command) (remote.Result, error)
	OnDial   func(network, address string) (net.Conn, error)
	// OnSystemd replaces the simple model of units: start makes a unit active, enable
	// enabled and so on.
	OnSystemd func(h *Host, verb remote.SystemdVerb, units []string) error
	// OnWrite, where it gives an error, makes WriteFile fail with it: a full disk, a
	// validation.
	OnWrite func(path string) error

	mu    sync.Mutex
	files map[string]*node
	calls []Call
}

var _ remote.Host = (*Host)(nil)

// A Call is something that was asked of the host.
type Call struct {
	Kind   string // "files", "accounts", "units", "packages", "query", "open", "dial", "exec", "script", "hold", "write", "systemd"
	Detail string // paths, names, the script, the command; "restart kafka.service"
}

// Writes tells whether the call can change the host.
func (c Call) Writes() bool {
	switch c.Kind {
	case "exec", "script", "write", "systemd":
		return true
	}
	return false
}

// New returns a host that has a root folder, /tmp, /etc and the user root.
func New() *Host {
	h := &Host{
		UserName:     "root",
		Now:          1_700_000_000,
		UsersByName:  map[string]remote.User{},
		GroupsByName: map[string]remote.Group{},
		UnitsByName:  map[string]remote.Unit{},
		Installed:    map[string]remote.Package{},
		files:        map[string]*node{},
	}
	h.AddGroup("root", 0)
	h.AddUser("root", 0)
	h.AddDir("/", 0o755)
	h.AddDir("/etc", 0o755)
	h.AddDir("/tmp", 0o1777)
	return h
}

// AddUser adds a user with a group of the same name and number.
func (h *Host) AddUser(name string, id int) {
	h.UsersByName[name] = remote.User{Name: name, UID: id, GID: id, Home: "/home/" + name,
		Shell: "/bin/sh", Group: name, Password: "!", Expires: -1}
	if _, ok := h.GroupsByName[name]; !ok {
		h.AddGroup(name, id)
	}
}

// AddGroup adds a group.
func (h *Host) AddGroup(name string, id int) {
	h.GroupsByName[name] = remote.Group{Name: name, GID: id}
}

// AddUnit adds a loaded unit in the given states: "active" or "inactive", "enabled" or
// "disabled".
func (h *Host) AddUnit(name, active, enabled string) {
	sub := "dead"
	if active == "active" {
		sub = "running"
	}
	h.UnitsByName[name] = remote.Unit{Name: name, LoadState: "loaded", ActiveState: active, SubState: sub,
		UnitFileState: enabled, FragmentPath: "/etc/systemd/system/" + name, Result: "success"}
}

// AddPackage adds an installed package.
func (h *Host) AddPackage(name, version string) {
	h.Installed[name] = remote.Package{Name: name, Version: version, Arch: "amd64", Installed: true}
}

// Calls returns what was asked of the host so far, in order.
func (h *Host) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Call(nil), h.calls...)
}

// Written returns the calls that can have changed the host.
func (h *Host) Written() []Call {
	var out []Call
	for _, c := range h.Calls() {
		if c.Writes() {
			out = append(out, c)
		}
	}
	return out
}

// ForgetCalls empties the record.
func (h *Host) ForgetCalls() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = nil
}

func (h *Host) record(kind, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, Call{Kind: kind, Detail: detail})
}

// User returns the name of the user that acts.
func (h *Host) User() string { return h.UserName }

// Query answers by OnQuery, or else OnScript.
func (h *Host) Query(ctx context.Context, script string) (remote.Result, error) {
	h.record("query", script)
	switch {
	case ctx.Err() != nil:
		return remote.Result{}, ctx.Err()
	case h.OnQuery != nil:
		return h.OnQuery(h, script)
	case h.OnScript != nil:
		return h.OnScript(h, script)
	}
	return remote.Result{}, fmt.Errorf("remotetest: no OnQuery for script %q", script)
}

// Script answers by OnScript; a non-zero exit status becomes a *remote.ScriptError.
func (h *Host) Script(ctx context.Context, script string) (remote.Result, error) {
	h.record("script", script)
	if ctx.Err() != nil {
		return remote.Result{}, ctx.Err()
	}
	if h.OnScript == nil {
		return remote.Result{}, fmt.Errorf("remotetest: no OnScript for script %q", script)
	}
	res, err := h.OnScript(h, script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{Result: res}
	}
	return res, err
}

// Stream answers as Query does.
func (h *Host) Stream(ctx context.Context, what, script string) (io.ReadCloser, error) {
	res, err := h.Query(ctx, script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{What: what, Result: res}
	}
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(res.Stdout)), nil
}

// Hold answers by OnHold; without it everything is held.
func (h *Host) Hold(ctx context.Context, script string, sent func()) (remote.Result, error) {
	h.record("hold", script)
	if sent != nil {
		sent()
	}
	switch {
	case ctx.Err() != nil:
		return remote.Result{}, ctx.Err()
	case h.OnHold == nil:
		return remote.Result{}, nil
	}
	return h.OnHold(h, script)
}

// Exec answers by OnExec.
func (h *Host) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	detail := cmd.Shell
	if detail == "" {
		detail = fmt.Sprintf("%q", cmd.Argv)
	}
	h.record("exec", detail)
	if ctx.Err() != nil {
		return remote.Result{}, ctx.Err()
	}
	if h.OnExec == nil {
		return remote.Result{}, fmt.Errorf("remotetest: no OnExec for command %s", detail)
	}
	return h.OnExec(h, cmd)
}

// Dial answers by OnDial; without it the connection is refused.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	h.record("dial", network+" "+address)
	if h.OnDial == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return h.OnDial(network, address)
}
