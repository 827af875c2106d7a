package apt

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// lockPause is the time between two tries while another process holds apt's locks.
const lockPause = time.Second

var environment = []string{"DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical", "LC_ALL=C.UTF-8", "LANGUAGE=C"}

var (
	locked   = regexp.MustCompile(`(?m)^E: (Could not get lock|Unable to (acquire|lock)|Could not open lock file.*(11:|temporarily))`)
	unknown  = regexp.MustCompile(`E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate`)
	noUpdate = regexp.MustCompile(`(?m)^(E:|W: Failed to fetch|W: Some index files failed)`)
)

// withPolicy runs a command while policy-rc.d answers with the status in $1, and puts back
// what was there.
const withPolicy = `f=/usr/sbin/policy-rc.d
[ ! -e "$f" ] || mv -- "$f" "$f.kops"
trap 'rm -f -- "$f"; [ ! -e "$f.kops" ] || mv -- "$f.kops" "$f"' EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit %d\n' "$1" >"$f" && chmod 755 "$f"
shift
"$@"`

// holders prints who holds apt's locks: lock, process, command.
const holders = `for l in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
	i=$(stat -c %i "$l" 2>/dev/null) || continue
	while read -r _ _ _ _ pid at _; do
		case $at in *":$i") echo "$l is held by process $pid ($(tr '\0' ' ' </proc/$pid/cmdline))" ;; esac
	done </proc/locks
done
true`

// run runs apt-get. It waits for locks, and explains what went wrong.
func (s *Spec) run(ctx context.Context, h remote.Host, command []string) (*value.Map, error) {
	argv := command
	if s.PolicyRcD != nil {
		argv = append([]string{"/bin/sh", "-c", withPolicy, "sh", strconv.Itoa(*s.PolicyRcD)}, command...)
	}
	deadline := time.Now().Add(time.Duration(s.LockTimeout) * time.Second)
	for {
		res, err := h.Exec(ctx, remote.Command{Argv: argv, Env: environment})
		if err != nil {
			return nil, fmt.Errorf("run apt-get: %w", err)
		}
		if res.ExitCode == 0 {
			return output(res), nil
		}
		if !locked.Match(res.Stderr) {
			return nil, failure(command, res)
		}
		if time.Now().Add(lockPause).After(deadline) {
			return nil, s.lockFailure(ctx, h, res)
		}
		if err := pause(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

func (s *Spec) lockFailure(ctx context.Context, h remote.Host, res remote.Result) error {
	who := strings.TrimSpace(string(res.Stderr))
	if found, err := h.Query(ctx, holders); err == nil && strings.TrimSpace(string(found.Stdout)) != "" {
		who = strings.Join(strings.Split(strings.TrimSpace(string(found.Stdout)), "\n"), ", ")
	}
	result := output(res)
	result.Set("rc", int64(res.ExitCode))
	return &module.Failure{Msg: fmt.Sprintf("apt is locked, for more than %d seconds (lock_timeout): %s", s.LockTimeout, who), Result: result}
}

func failure(command []string, res remote.Result) error {
	result := output(res)
	result.Set("rc", int64(res.ExitCode))
	text := strings.TrimSpace(string(res.Stderr))
	if m := unknown.FindStringSubmatch(text); m != nil {
		name := m[1] + m[2]
		return &module.Failure{Msg: fmt.Sprintf("No package matching '%s' is available: is the name right, are the lists up to date (update_cache)?", name), Result: result}
	}
	if text == "" {
		text = strings.TrimSpace(string(res.Stdout))
	}
	return &module.Failure{Msg: fmt.Sprintf("'%s' failed: %s", module.Quote(command...), text), Result: result}
}

func output(res remote.Result) *value.Map {
	m := value.NewMap()
	for _, o := range []struct {
		name string
		data []byte
	}{{"stdout", res.Stdout}, {"stderr", res.Stderr}} {
		text := strings.ToValidUTF8(string(o.data), "\ufffd")
		lines := value.NewList()
		for l := range strings.Lines(text) {
			lines.Append(strings.TrimRight(l, "\r\n"))
		}
		m.Set(o.name, text)
		m.Set(o.name+"_lines", lines)
	}
	return m
}

// listsScript prints a fingerprint of the lists.
const listsScript = `ls -ln --time-style=+%s /var/lib/apt/lists | grep -v '^total' | grep '^-' | cksum`

// touchScript notes when the lists were brought up to date: apt does not where nothing was new.
const touchScript = `touch -c /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp
date +%s`

// updateStep brings the lists up to date. Where that is all that is asked for (alone), it
// is a change if the lists have changed.
func (s *Spec) updateStep(alone, replan bool) module.Step {
	return module.Step{Summary: "apt-get update", Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		before, err := h.Query(ctx, listsScript)
		if err != nil {
			return module.Outcome{}, fmt.Errorf("look at apt's lists: %w", err)
		}
		if err := s.updateLists(ctx, h); err != nil {
			return module.Outcome{}, err
		}
		after, err := h.Query(ctx, listsScript)
		if err != nil {
			return module.Outcome{}, fmt.Errorf("look at apt's lists: %w", err)
		}
		now, err := h.Script(ctx, touchScript)
		if err != nil {
			return module.Outcome{}, fmt.Errorf("note the time of the update: %w", err)
		}
		s.updated = true
		return module.Outcome{Changed: alone && string(before.Stdout) != string(after.Stdout), Replan: replan,
			Result: value.NewMap("cache_updated", true, "cache_update_time", number(string(now.Stdout)))}, nil
	}}
}

// updateLists tries again where a mirror fails: apt-get update succeeds with warnings then.
func (s *Spec) updateLists(ctx context.Context, h remote.Host) error {
	command := append(s.base(), "update")
	for try := 0; ; try++ {
		out, err := s.run(ctx, h, command)
		reason := ""
		if err == nil {
			if !noUpdate.MatchString(out.String("stderr")) {
				return nil
			}
			reason = strings.TrimSpace(out.String("stderr"))
		} else if _, ok := err.(*module.Failure); !ok || strings.HasPrefix(err.Error(), "apt is locked") {
			return err
		} else {
			reason = err.Error()
		}
		if try >= s.Retries {
			return &module.Failure{Msg: fmt.Sprintf("Failed to update apt cache, %d times: %s", try+1, reason), Result: value.NewMap("cache_updated", false)}
		}
		if err := pause(ctx, min(time.Second<<min(try, 10), time.Duration(s.MaxDelay)*time.Second)); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
