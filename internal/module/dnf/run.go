package dnf

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// lockPause is the time between two tries while another package manager runs.
const lockPause = time.Second

var (
	locked  = regexp.MustCompile(`(?i)failed to obtain .*lock|holding the (yum|dnf) lock|existing lock /var/run/yum.pid|can't create .* lock|failed to lock`)
	nothing = regexp.MustCompile(`(?m)^(Nothing to do|No packages marked for removal|No match for argument.*\nNo packages marked)`)
	missing = regexp.MustCompile(`(?m)(?:No match for argument: |No package )(\S+)`)
)

// holders prints who runs a package manager.
const holders = `for f in /var/run/yum.pid /var/lib/dnf/*.pid /var/cache/dnf/*.pid; do
	[ -r "$f" ] && pid=$(cat "$f") && [ -d "/proc/$pid" ] && echo "process $pid ($(tr '\0' ' ' </proc/$pid/cmdline))"
done
true`

func (s *Spec) step(command []string) module.Step {
	return module.Step{Summary: module.Quote(command...), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		res, err := s.run(ctx, h, command)
		if err != nil {
			return module.Outcome{}, err
		}
		out := result(res)
		idle := nothing.Match(res.Stdout)
		if !idle {
			out.Set("msg", "")
		}
		return module.Outcome{Changed: !idle, Result: out}, nil
	}}
}

// updateStep fetches the metadata anew. That changes no package.
func (s *Spec) updateStep(tool string, replan bool) module.Step {
	command := append([]string{tool, "-q", "-y"}, append(s.options(), "makecache")...)
	if tool != "yum" {
		command = append(command, "--refresh")
	}
	return module.Step{Summary: module.Quote(command...), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if _, err := s.run(ctx, h, command); err != nil {
			return module.Outcome{}, err
		}
		s.updated = true
		return module.Outcome{Replan: replan, Result: value.NewMap("msg", "Cache updated")}, nil
	}}
}

// run runs dnf. It waits while another package manager runs, and explains what went wrong.
func (s *Spec) run(ctx context.Context, h remote.Host, command []string) (remote.Result, error) {
	deadline := time.Now().Add(time.Duration(s.LockTimeout) * time.Second)
	for {
		res, err := h.Exec(ctx, remote.Command{Argv: command, Env: []string{"LC_ALL=C.UTF-8"}})
		switch {
		case err != nil:
			return res, fmt.Errorf("run %s: %w", command[0], err)
		case res.ExitCode == 0:
			return res, nil
		case !locked.Match(append(bytes.Clone(res.Stderr), res.Stdout...)):
			return res, failure(command, res)
		case time.Now().Add(lockPause).After(deadline):
			return res, s.lockFailure(ctx, h, res)
		}
		timer := time.NewTimer(lockPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return res, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

func (s *Spec) lockFailure(ctx context.Context, h remote.Host, res remote.Result) error {
	who := strings.TrimSpace(string(res.Stderr))
	if found, err := h.Query(ctx, holders); err == nil && strings.TrimSpace(string(found.Stdout)) != "" {
		who = strings.Join(strings.Split(strings.TrimSpace(string(found.Stdout)), "\n"), ", ")
	}
	return &module.Failure{Msg: fmt.Sprintf("another package manager runs, for more than %d seconds (lock_timeout): %s", s.LockTimeout, who), Result: result(res)}
}

func failure(command []string, res remote.Result) error {
	text := strings.TrimSpace(string(res.Stderr))
	if text == "" {
		text = strings.TrimSpace(string(res.Stdout))
	}
	msg := fmt.Sprintf("'%s' failed: %s", module.Quote(command...), text)
	if m := missing.FindStringSubmatch(string(res.Stdout) + "\n" + string(res.Stderr)); m != nil {
		msg = fmt.Sprintf("No package %s available: is the name right, is its repository enabled?", m[1])
	}
	return &module.Failure{Msg: msg, Result: result(res)}
}

func result(res remote.Result) *value.Map {
	lines := value.NewList()
	for l := range strings.Lines(strings.ToValidUTF8(string(res.Stdout), "\ufffd")) {
		lines.Append(strings.TrimRight(l, "\r\n"))
	}
	return value.NewMap("results", lines, "rc", int64(res.ExitCode))
}
