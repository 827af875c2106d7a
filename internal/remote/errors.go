package remote

import (
	"fmt"
	"strings"
)

// A Reason says why a host cannot be used: each is its own result with its own advice.
type Reason string

// The reasons.
const (
	NameNotFound      Reason = "name not found"
	Refused           Reason = "connection refused"
	TimedOut          Reason = "timed out"
	Unroutable        Reason = "no route to host"
	AuthFailed        Reason = "authentication failed"
	HostKeyUnknown    Reason = "host key unknown"
	HostKeyChanged    Reason = "host key changed"
	HostKeyRevoked    Reason = "host key revoked"
	JumpFailed        Reason = "jump host failed"
	ConnectionLost    Reason = "connection lost"
	BadConfig         Reason = "bad connection settings"
	SudoWrongPassword Reason = "wrong become password"
	SudoNeedsPassword Reason = "become password needed"
	SudoNotAllowed    Reason = "become not allowed"
	SudoNeedsTTY      Reason = "sudo needs a terminal"
	SudoMissing       Reason = "become program missing"
	BecomeUserUnknown Reason = "become user unknown"
	BecomeTimedOut    Reason = "become timed out"
	BecomeFailed      Reason = "become failed"
	NoShell           Reason = "no shell on the host"
)

// A ConnectError says that a host, or a user on it, cannot be reached. The runner counts
// the host as unreachable, or as failed where become is the reason.
type ConnectError struct {
	Host   string
	Reason Reason
	Detail string // what was tried, what came back
	Advice string // what to do
	Err    error
}

// Error returns host, reason, detail and advice in one line.
func (e *ConnectError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Host, e.Reason)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Advice != "" {
		b.WriteString("; " + e.Advice)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// Become tells whether the host was reached and only the change of user failed.
func (e *ConnectError) Become() bool {
	switch e.Reason {
	case SudoWrongPassword, SudoNeedsPassword, SudoNotAllowed, SudoNeedsTTY, SudoMissing,
		BecomeUserUnknown, BecomeTimedOut, BecomeFailed:
		return true
	}
	return false
}

// A ScriptError says that one of kops's own scripts, or a validation, failed on the host.
type ScriptError struct {
	What   string // what was being done: "set the owner of /etc/kafka/jmx"
	Result Result
}

// Error returns what failed with the last lines of what it printed.
func (e *ScriptError) Error() string {
	out := strings.TrimSpace(string(e.Result.Stderr))
	if out == "" {
		out = strings.TrimSpace(string(e.Result.Stdout))
	}
	if out == "" {
		out = fmt.Sprintf("exit status %d", e.Result.ExitCode)
	}
	if e.What == "" {
		return out
	}
	return e.What + ": " + out
}

// A FirstError says that the script which was to run first failed, and that nothing else was done.
type FirstError struct{ Result Result }

// Error returns what the script said.
func (e *FirstError) Error() string { return (&ScriptError{Result: e.Result}).Error() }
