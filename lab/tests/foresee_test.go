//go:build lab

package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An outcome is how a task ended on a host.
type outcome struct {
	play, task, host, status, msg string
	order                         int
	diffs                         []diff
	partly                        bool // items of a loop are unknown
}

// A diff is one that --diff shows.
type diff struct {
	Before, After, Note string
	Header              string `json:"after_header"`
}

// outcomes are those of a run, by the play, the task's place, the host and how often the host had come there before.
type outcomes map[string]outcome

// recorded runs a playbook and returns what it said of each task. cut, where it is not 0, interrupts the
// run once so many tasks have begun.
func recorded(t *testing.T, cut int, args ...string) (outcomes, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bin/kops", append([]string{"run", "--json"}, args...)...)
	cmd.Dir = root
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found, err := follow(out, cut, func() { _ = cmd.Process.Signal(os.Interrupt) })
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if err != nil && errs.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, errs.String())
	}
	return found, err
}

// follow reads events.
func follow(r io.Reader, cut int, interrupt func()) (outcomes, error) {
	type place struct {
		File string
		Line int
	}
	type record struct {
		Event string
		Data  struct {
			Task                    int
			Name, Host, Status, Msg string
			Item                    bool
			Pos                     place
			Diffs                   []diff
		}
	}
	found, partly := outcomes{}, map[string]bool{}
	names, places, began, play := map[int]string{}, map[int]string{}, 0, ""
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e record
		var kind struct{ Event string }
		err := json.Unmarshal(lines.Bytes(), &kind)
		if err == nil && slices.Contains([]string{"play_started", "task_started", "result"}, kind.Event) {
			err = json.Unmarshal(lines.Bytes(), &e)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %.300s", err, lines.Text())
		}
		switch e.Event {
		case "play_started":
			play = e.Data.Name
		case "task_started":
			names[e.Data.Task] = e.Data.Name
			places[e.Data.Task] = fmt.Sprintf("%s:%d", filepath.Base(e.Data.Pos.File), e.Data.Pos.Line)
			if began++; began == cut {
				interrupt()
			}
		case "result":
			if e.Data.Item {
				if e.Data.Status == "unknown" {
					partly[fmt.Sprint(e.Data.Task, e.Data.Host)] = true
				}
				continue
			}
			key, n := "", 0
			for taken := true; taken; _, taken = found[key] { // a name may hold what is a secret by then: its place does not
				n++
				key = fmt.Sprint(play, ": ", places[e.Data.Task], " on ", e.Data.Host, " #", n)
			}
			found[key] = outcome{play: play, task: names[e.Data.Task], host: e.Data.Host, status: e.Data.Status, msg: e.Data.Msg, order: len(found), diffs: e.Data.Diffs,
				partly: partly[fmt.Sprint(e.Data.Task, e.Data.Host)]}
		}
	}
	return found, lines.Err()
}

// keepsItsWord holds the rule of check mode: what was predicted did change, and what changed was predicted or said to be
// unknown. A run that was cut off is held to it as far as it came.
func keepsItsWord(t *testing.T, check, real outcomes, cut bool) {
	t.Helper()
	for key, o := range real {
		c, told := check[key]
		switch {
		case o.status == "changed" && !told:
			t.Errorf("%s: changed, and check mode did not speak of it", key)
		case o.status == "changed" && c.status != "changed" && c.status != "unknown":
			t.Errorf("%s: changed, and check mode said %s %s", key, c.status, c.msg)
		case c.status == "changed" && o.status != "changed":
			t.Errorf("%s: check mode said changed, and it was %s %s", key, o.status, o.msg)
		}
	}
	for key, c := range check {
		if _, done := real[key]; !done && c.status == "changed" && !cut {
			t.Errorf("%s: check mode said changed, and it did not come to that", key)
		}
		if c.status == "failed" || c.status == "unreachable" {
			t.Errorf("%s: check mode said %s: %s", key, c.status, c.msg)
		}
	}
}

// tell lists the tasks that have a status on any host, each once, in order of their names.
func (o outcomes) tell(status string) []string {
	var names []string
	for _, one := range o {
		if one.status == status {
			names = append(names, strings.ReplaceAll(one.task, "********", "admin")) // a name may hold what is a password elsewhere
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// stateScript prints what a run may change of a machine: files with owner, mode, size and time, accounts, units, packages
// and what Docker has. What a running system writes by itself is left out.
const stateScript = `
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/log -o -path /var/lib/systemd -o -path '/var/lib/zookeeper*' \
  -o -path '/var/lib/kafka*' -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /home/ops/.ssh -o -path '/var/cache/apt/*.bin' \) -prune \
  -o -printf '%p %y %m %U:%G %l' \( -type f -printf ' %s %T@' -o -true \) -printf '\n' | sort
sha256sum /etc/passwd /etc/group /etc/shadow /etc/gshadow
systemctl list-unit-files --no-legend --no-pager | grep -v transient | sort
systemctl show --property=Id,ActiveState,ActiveEnterTimestampMonotonic,MainPID '*.service' | awk 'BEGIN { RS = "" } { gsub("\n", " "); print }' | \
  grep -vE 'Id=(user|session|systemd|ssh|apt|dpkg|e2scrub|getty|console|dbus|logrotate|man-db)' | sort
dpkg-query -W
command -v docker >/dev/null || exit 0
docker ps -aq --no-trunc | sort | xargs -r docker inspect --format '{{.Id}} {{.State.StartedAt}} {{.State.Status}}'
docker images -q --no-trunc | sort; docker volume ls -q | sort; docker network ls -q | sort
`

// state is what stateScript says of machines, all asked at once.
func state(t *testing.T, machines ...string) map[string]string {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	states := map[string]string{}
	for _, m := range machines {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), "lab/lab", "ssh", m, "sudo sh -s")
			cmd.Dir, cmd.Stdin = root, strings.NewReader(stateScript)
			out, err := cmd.CombinedOutput()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("state of %s: %v\n%s", m, err, tail(string(out)))
			}
			states[m] = string(out)
		})
	}
	all.Wait()
	return states
}

// same holds that nothing is other than it was.
func same(t *testing.T, before, after map[string]string) {
	t.Helper()
	for m, was := range before {
		if was == after[m] {
			continue
		}
		old, now := map[string]bool{}, map[string]bool{}
		for line := range strings.Lines(was) {
			old[line] = true
		}
		for line := range strings.Lines(after[m]) {
			if now[line] = true; !old[line] {
				t.Errorf("check mode changed %s: + %s", m, line)
			}
		}
		for line := range old {
			if !now[line] {
				t.Errorf("check mode changed %s: - %s", m, line)
			}
		}
	}
}

// foretold checks a playbook on the fleet, which must stay as it is, and returns what was said.
func foretold(t *testing.T, playbook string) outcomes {
	t.Helper()
	before := state(t, fleet...)
	began := time.Now()
	check, err := recorded(t, 0, "playbooks/"+playbook, "-i", "inventory/lab.yaml", "--check", "--diff")
	if err != nil {
		t.Errorf("%s in check mode: %v", playbook, err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%s in check mode took %s: it waits for something", playbook, took)
	}
	same(t, before, state(t, fleet...))
	return check
}

// cutOff checks a playbook, runs it until it is cut off after each of so many tasks, and then to its end; each run is held to the check before it.
// It returns the checks.
func cutOff(t *testing.T, playbook string, after ...int) []outcomes {
	t.Helper()
	var checks []outcomes
	for _, cut := range append(after, 0) {
		check := foretold(t, playbook)
		checks = append(checks, check)
		real, err := recorded(t, cut, "playbooks/"+playbook, "-i", "inventory/lab.yaml")
		if err != nil && cut == 0 {
			t.Fatalf("%s: %v", playbook, err)
		}
		t.Run(fmt.Sprintf("%s up to task %d", playbook, cut), func(t *testing.T) { keepsItsWord(t, check, real, cut != 0) })
	}
	return checks
}

// unknownTasks asserts which tasks check mode cannot know.
func unknownTasks(t *testing.T, check outcomes, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := check.tell("unknown"); !slices.Equal(got, want) {
		t.Errorf("unknown tasks:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// finished asserts that nothing would change.
func finished(t *testing.T, check outcomes) {
	t.Helper()
	for key, o := range check {
		if o.status == "changed" {
			t.Errorf("%s: check mode says changed on a finished host", key)
		}
	}
}
