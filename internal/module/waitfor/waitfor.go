// Package waitfor is the module wait_for: it waits until a port or a file of the host is
// as wanted, and changes nothing.
package waitfor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the condition.
type Spec struct {
	Host           string   `arg:"host" doc:"where the port is, as the host reaches it"`
	Port           int      `arg:"port,exclusive=what" doc:"a TCP port"`
	Path           string   `arg:"path,exclusive=what" doc:"a file or folder of the host"`
	State          string   `arg:"state,choices=absent|drained|present|started|stopped" doc:"started or present: the port takes connections, the path is there; stopped or absent: not so; drained: the port has no active connections"`
	SearchRegex    string   `arg:"search_regex" doc:"what the file must hold, or the port must say, by Python's rules with ^ and $ at each line"`
	Timeout        int      `arg:"timeout" doc:"seconds to wait at most; without port and path, the seconds to wait"`
	Delay          int      `arg:"delay" doc:"seconds before the first look"`
	Sleep          int      `arg:"sleep" doc:"seconds between two looks; the first ones come sooner"`
	ConnectTimeout int      `arg:"connect_timeout" doc:"seconds that one connection may take"`
	Msg            string   `arg:"msg" doc:"the error in place of the usual one"`
	ActiveStates   []string `arg:"active_connection_states,choices=ESTABLISHED|SYN_SENT|SYN_RECV|FIN_WAIT1|FIN_WAIT2|TIME_WAIT" doc:"with state drained: what counts as an active connection"`
	ExcludeHosts   []string `arg:"exclude_hosts" doc:"with state drained: hosts whose connections do not count"`

	regex *regexp2.Regexp
}

// minPause is the least time between two looks, and that before the second: what is waited for
// has often been started the moment before. Each pause is twice the last, up to sleep.
const minPause = 50 * time.Millisecond

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "wait_for", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Wait until a port or a file is as wanted.",
			Notes: []string{
				"It looks from the host's side. It never changes anything.",
				"In check mode it looks once. A condition that is not met then is reported as unknown, not as failed.",
			},
			Examples: "- wait_for:\n    port: 9092\n    timeout: 60\n",
			Returns: []module.Return{
				{Name: "elapsed", Type: "int", Text: "seconds that it took"},
				{Name: "state", Type: "str", Text: "as asked for"},
				{Name: "port", Type: "int", Text: "as asked for"},
				{Name: "path", Type: "str", Text: "as asked for"},
				{Name: "search_regex", Type: "str", Text: "as asked for"},
				{Name: "match_groups", Type: "list", Text: "what the groups of search_regex matched"},
				{Name: "match_groupdict", Type: "dict", Text: "what its named groups matched"},
			},
		},
		New: func() module.Spec {
			return &Spec{Host: "127.0.0.1", State: "started", Timeout: 300, Sleep: 1, ConnectTimeout: 5,
				ActiveStates: []string{"ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"}}
		},
	}
}

// Validate checks what tags cannot say, and compiles the expression.
func (s *Spec) Validate() error {
	switch {
	case s.Path != "" && (s.State == "stopped" || s.State == "drained"):
		return fmt.Errorf("state: %s is for a port: use absent for a path", s.State)
	case len(s.ExcludeHosts) > 0 && s.State != "drained":
		return fmt.Errorf("exclude_hosts: only with state drained")
	case s.State == "drained" && s.Port == 0:
		return fmt.Errorf("port: state drained needs it")
	case s.Port < 0 || s.Port > 65535:
		return fmt.Errorf("port: %d is not a port", s.Port)
	}
	for name, n := range map[string]int{"timeout": s.Timeout, "delay": s.Delay, "sleep": s.Sleep, "connect_timeout": s.ConnectTimeout} {
		if n < 0 {
			return fmt.Errorf("%s: %d is negative", name, n)
		}
	}
	if s.SearchRegex == "" {
		return nil
	}
	pattern := strings.NewReplacer(`(?P<`, `(?<`).Replace(s.SearchRegex)
	re, err := regexp2.Compile(pattern, regexp2.Multiline)
	if err != nil {
		return fmt.Errorf("search_regex: %w", err)
	}
	re.MatchTimeout = 5 * time.Second
	s.regex = re
	return nil
}

// Plan looks once. Where that is not enough, the step waits.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	c := module.Change{Result: s.result(0, nil)}
	wait := func(summary string, p module.Prediction) module.Change {
		c.Predict, c.Why = p, "whether it comes true that "+s.condition()
		c.Steps = []module.Step{{Summary: summary, Do: s.wait}}
		return c
	}
	if s.Port == 0 && s.Path == "" {
		return wait(fmt.Sprintf("wait %d seconds", s.Delay+s.Timeout), module.None), nil
	}
	if s.Delay > 0 {
		return wait(fmt.Sprintf("wait %d seconds, then until %s", s.Delay, s.condition()), module.Unknown), nil
	}
	l, err := s.look(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	if !l.met {
		return wait("wait until "+s.condition(), module.Unknown), nil
	}
	c.Result = s.result(0, l.match)
	return c, nil
}

// condition is what is waited for, in words.
func (s *Spec) condition() string {
	what := s.Path
	if s.Path == "" {
		what = s.address()
	}
	if s.SearchRegex != "" {
		return fmt.Sprintf("%s is %s and matches %s", what, s.State, s.SearchRegex)
	}
	return what + " is " + s.State
}

func (s *Spec) wait(ctx context.Context, h remote.Host) (module.Outcome, error) {
	begin := time.Now()
	if err := pause(ctx, time.Duration(s.Delay)*time.Second); err != nil {
		return module.Outcome{}, err
	}
	if s.Port == 0 && s.Path == "" {
		err := pause(ctx, time.Duration(s.Timeout)*time.Second)
		return module.Outcome{Result: s.result(time.Since(begin), nil)}, err
	}
	deadline := begin.Add(time.Duration(s.Timeout) * time.Second)
	for next := minPause; ; next = max(min(2*next, time.Duration(s.Sleep)*time.Second), minPause) {
		l, err := s.look(ctx, h)
		if err != nil {
			return module.Outcome{}, err
		}
		if l.met {
			return module.Outcome{Result: s.result(time.Since(begin), l.match)}, nil
		}
		if time.Now().Add(next).After(deadline) {
			return module.Outcome{}, &module.Failure{Msg: s.timedOut(l.why), Result: value.NewMap("elapsed", int64(time.Since(begin).Seconds()))}
		}
		if err := pause(ctx, next); err != nil {
			return module.Outcome{}, err
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

// timedOut is Ansible's text, with what the last look found.
func (s *Spec) timedOut(why string) string {
	if s.Msg != "" {
		return s.Msg
	}
	what := s.Path
	if what == "" {
		what = fmt.Sprintf("%s:%d", s.Host, s.Port)
	}
	text := "Timeout when waiting for "
	switch {
	case s.State == "drained":
		text += what + " to drain"
	case s.State == "stopped", s.State == "absent" && s.Port != 0:
		text += what + " to stop."
	case s.State == "absent":
		text += what + " to be absent."
	case s.SearchRegex != "":
		text += "search string " + s.SearchRegex + " in " + what
	case s.Path != "":
		text += "file " + what
	default:
		text += what
	}
	if why != "" {
		text += " (" + why + ")"
	}
	return text
}

func (s *Spec) result(elapsed time.Duration, match *regexp2.Match) *value.Map {
	orNone := func(set bool, v value.Value) value.Value {
		if set {
			return v
		}
		return nil
	}
	groups, named := value.NewList(), value.NewMap()
	if match != nil {
		for i, g := range match.Groups() {
			if i == 0 {
				continue
			}
			v := orNone(len(g.Captures) > 0, g.String())
			groups.Append(v)
			if g.Name != fmt.Sprint(i) {
				named.Set(g.Name, v)
			}
		}
	}
	return value.NewMap("state", s.State, "port", orNone(s.Port != 0, int64(s.Port)), "path", orNone(s.Path != "", s.Path),
		"search_regex", orNone(s.SearchRegex != "", s.SearchRegex), "match_groups", groups, "match_groupdict", named,
		"elapsed", int64(elapsed.Seconds()))
}
