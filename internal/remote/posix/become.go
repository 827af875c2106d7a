package posix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kops/internal/remote"
)

// suPrompt is how su asks in the C locale.
var suPrompt = regexp.MustCompile(`(?i)password[^\n]*: ?$`)

// promptMark is what sudo was told to ask with, which is nothing to show.
var promptMark = regexp.MustCompile(`kops-[0-9a-f]{32}:`)

// envName is what the name of an environment variable may be.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// plainName is what may stand in a line that a login shell of any kind reads.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+\-]*\$?$`)

// plainWords are flags and paths of the same kind.
var plainWords = regexp.MustCompile(`^[A-Za-z0-9_.,/=:@+\- ]*$`)

// becomeUser returns the user that acts.
func becomeUser(b remote.Become, login string) string {
	switch {
	case b.Method == "":
		return login
	case b.User == "":
		return "root"
	}
	return b.User
}

// becomeLine returns the line that has /bin/sh run bootstrap as the user of b. The line
// is read by a login shell that may be fish or csh, so bootstrap has no single quotes,
// backslashes or exclamation marks. sudo's prompt is prompt.
func becomeLine(b remote.Become, prompt, bootstrap string) (string, error) {
	run := "/bin/sh -c '" + bootstrap + "'"
	if b.Method == "" {
		return run, nil
	}
	user := becomeUser(b, "")
	if !plainName.MatchString(user) {
		return "", fmt.Errorf("become_user %q is not a user's name", user)
	}
	if !plainWords.MatchString(b.Exe) || !plainWords.MatchString(b.Flags) {
		return "", fmt.Errorf("become_exe %q or become_flags %q has characters that a shell would interpret", b.Exe, b.Flags)
	}
	exe := b.Exe
	if exe == "" {
		exe = b.Method
	}
	// The messages are recognized in English; bootstrap starts with the locale unset.
	line := "env LC_ALL=C LANGUAGE=C " + exe
	switch b.Method {
	case "sudo":
		line += sudoFlags(b)
		if b.Password == "" {
			line += " -n"
		} else {
			line += " -S -p " + prompt
		}
		return line + " -u " + user + " -- " + run, nil
	case "su":
		if b.Flags != "" {
			line += " " + b.Flags
		}
		return line + " -s /bin/sh " + user + " -c '" + bootstrap + "'", nil
	}
	return "", fmt.Errorf("become_method %q is not supported: sudo and su are", b.Method)
}

// sudoFlags returns the user's flags, or -H, without -S and -n, which follow from whether
// there is a password.
func sudoFlags(b remote.Become) string {
	if b.Flags == "" {
		return " -H"
	}
	var out string
	for _, f := range strings.Fields(b.Flags) {
		if f != "-S" && f != "-n" {
			out += " " + f
		}
	}
	return out
}

// awaitBecome reads until bootstrap says that it runs, giving the password when it is
// asked for. It leaves what follows mark on stdout unread.
func awaitBecome(ctx context.Context, m Machine, b remote.Become, p *piped, prompt, mark string) error {
	asked := false
	for {
		if p.out.has(mark) {
			return nil
		}
		if askedAgain, err := p.answer(b, prompt, asked); err != nil {
			return becomeError(m, b, err.(*remote.ConnectError).Reason, strings.ReplaceAll(p.errs.text(), prompt, ""))
		} else if askedAgain {
			asked = true
		}
		if p.out.ended && p.errs.ended {
			return startError(m, b, p)
		}
		if err := p.receive(ctx); err != nil {
			return err
		}
	}
}

// answer gives the password where stderr ends in a prompt. A second prompt means that the
// password was wrong.
func (p *piped) answer(b remote.Become, prompt string, asked bool) (bool, error) {
	seen := bytes.Count(p.errs.buf, []byte(prompt)) > 0
	if b.Method == "su" {
		seen = suPrompt.Match(p.errs.buf)
	}
	switch {
	case !seen:
		return false, nil
	case b.Password == "":
		return false, &remote.ConnectError{Reason: remote.SudoNeedsPassword}
	case asked:
		return false, &remote.ConnectError{Reason: remote.SudoWrongPassword}
	}
	p.errs.buf, p.errs.scanned = nil, 0
	_, _ = p.proc.Write([]byte(b.Password + "\n")) // a failure shows as the end of the outputs
	return true, nil
}

// startError explains why the outputs ended before bootstrap ran.
func startError(m Machine, b remote.Become, p *piped) error {
	<-p.proc.Exited()
	code, err := p.proc.ExitCode()
	if err != nil {
		return err
	}
	said := promptMark.ReplaceAllString(p.errs.text(), "")
	if said == "" {
		said = p.out.text()
	}
	if b.Method == "" {
		return &remote.ConnectError{Host: m.Name(), Reason: remote.NoShell,
			Detail: fmt.Sprintf("/bin/sh did not start, exit status %d: %s", code, said),
			Advice: "give " + m.Login() + " a login shell that can run commands"}
	}
	return becomeError(m, b, becomeReason(said, code), said)
}

// startSilent says of a limit that was hit what did not start: the login, or sudo. A wrong
// password costs PAM's delay of some seconds, a host that cannot resolve its own name the
// time-out of DNS; neither comes near.
func (h *Host) startSilent(err error) error {
	var s *remote.SilentError
	switch {
	case !errors.As(err, &s):
		return err
	case h.become.Method != "":
		return becomeError(h.machine, h.become, remote.BecomeTimedOut, "no answer for "+s.After.String())
	}
	return &remote.ConnectError{Host: h.machine.Name(), Reason: remote.NoShell,
		Detail: fmt.Sprintf("the login of %s did not start /bin/sh within %s", h.machine.Login(), s.After),
		Advice: "log in by hand: what the login shell or PAM starts on the host hangs"}
}

// reasons are what sudo, sudo-rs and su say in the C locale.
var reasons = []struct {
	text   string
	reason remote.Reason
}{
	{"incorrect password attempt", remote.SudoWrongPassword},
	{"incorrect authentication attempt", remote.SudoWrongPassword},
	{"Sorry, try again", remote.SudoWrongPassword},
	{"Authentication failure", remote.SudoWrongPassword},
	{"incorrect password", remote.SudoWrongPassword},
	{"you must have a tty", remote.SudoNeedsTTY},
	{"must be run from a terminal", remote.SudoNeedsTTY},
	{"a terminal is required", remote.SudoNeedsTTY},
	{"is not in the sudoers file", remote.SudoNotAllowed},
	{"is not allowed to", remote.SudoNotAllowed},
	{"may not run sudo", remote.SudoNotAllowed},
	{"I'm afraid I can't do that", remote.SudoNotAllowed},
	{"Permission denied", remote.SudoNotAllowed},
	{"password is required", remote.SudoNeedsPassword},
	{"authentication is required", remote.SudoNeedsPassword},
	{"no password was provided", remote.SudoNeedsPassword},
	{"unknown user", remote.BecomeUserUnknown},
	{"does not exist", remote.BecomeUserUnknown},
	{"unknown uid", remote.BecomeUserUnknown},
	{"user not found", remote.BecomeUserUnknown},
	{"not found", remote.SudoMissing},
	{"No such file or directory", remote.SudoMissing},
}

func becomeReason(said string, code int) remote.Reason {
	for _, r := range reasons {
		if strings.Contains(said, r.text) {
			return r.reason
		}
	}
	if code == 127 {
		return remote.SudoMissing
	}
	return remote.BecomeFailed
}

var becomeAdvice = map[remote.Reason]string{
	remote.SudoWrongPassword: "check ansible_become_password or -K",
	remote.SudoNeedsPassword: "give one with -K, ansible_become_password or --become-password-file",
	remote.SudoNotAllowed:    "the host's sudoers must allow it",
	remote.SudoNeedsTTY:      "remove requiretty from the host's sudoers for this user",
	remote.SudoMissing:       "install it on the host, or choose another become_method",
	remote.BecomeUserUnknown: "create the user first, or correct become_user",
	remote.BecomeTimedOut:    "does the host's own name resolve on it? does something that PAM starts hang?",
}

func becomeError(m Machine, b remote.Become, reason remote.Reason, said string) error {
	detail := fmt.Sprintf("%s as %s to %s", b.Method, m.Login(), becomeUser(b, ""))
	if said = strings.TrimSpace(said); said != "" {
		detail += ": " + lastLines(said, 3)
	}
	return &remote.ConnectError{Host: m.Name(), Reason: reason, Detail: detail, Advice: becomeAdvice[reason]}
}

// lastLines returns the last n lines of s, joined by "; ".
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
