package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
)

// A LockMode says what a play does where another run works on one of its hosts.
type LockMode string

// The modes. LockOff, also the zero mode's meaning, takes no locks.
const (
	LockWait LockMode = "wait"
	LockFail LockMode = "fail"
	LockOff  LockMode = "off"
)

// A holder is who has a host's lock, as the lock's file says.
type holder struct {
	Run   string    `json:"run"`
	User  string    `json:"user"`
	Host  string    `json:"controller"`
	Since time.Time `json:"since"`
	PID   int       `json:"-"` // of the shell on the host that holds it
}

// String is for messages.
func (h holder) String() string {
	if h.Run == "" {
		return "another run"
	}
	return fmt.Sprintf("run %s of %s on %s, since %s", h.Run, h.User, h.Host, h.Since.Local().Format(time.DateTime))
}

// lockFile is the lock of root; other users have one each, in a folder of theirs. A home may be
// shared by hosts: the lock is not.
const (
	rootLock = `kops_lock=/run/kops.lock`
	userLock = `kops_lock=${HOME:-/nonexistent}/.local/state/kops
[ -d "$kops_lock" ] || (umask 077; mkdir -p "$kops_lock") 2>/dev/null
kops_lock=$kops_lock/lock-$(uname -n)`
)

// lockScript takes the lock of the shell it runs in, as descriptor 9, and says how that went: held,
// shared with another connection of the same run, none with the reason, or busy with what
// the lock's file says. Its parts are the file, how often to try again, and the words for the
// file: TOKEN is this run's for this host, RUN begins all those of this run. A shell of the same
// token has lost its connection without noticing: it gets two seconds to do so, and is ended then.
const lockScript = `%[1]s
kops_state=held
[ -e "$kops_lock" ] || (umask 077; : >>"$kops_lock") 2>/dev/null
if ! command -v flock >/dev/null; then kops_state='none there is no flock'
elif ! { true >>"$kops_lock"; } 2>/dev/null; then kops_state="none $kops_lock cannot be written"
else
	exec 9>>"$kops_lock"
	kops_try=0
	while :; do
		flock -n 9 2>/dev/null
		case $? in
		0) printf '%%s %%s\n%%s\n' "$$" %[3]s %[5]s 2>/dev/null >"$kops_lock"; break;;
		1) ;;
		*) kops_state='none flock does not work'; exec 9>&-; break;;
		esac
		kops_pid= kops_token= kops_who= kops_most=%[2]d
		{ read -r kops_pid kops_token; read -r kops_who; } <"$kops_lock"
		case $kops_token in
		%[3]s)
			kops_most=50
			if [ "$kops_try" -ge 20 ]; then kill -s HUP "$kops_pid" 2>/dev/null; fi;;
		%[4]s*) kops_state=shared; exec 9>&-; break;;
		esac
		if [ "$kops_try" -ge "$kops_most" ]; then kops_state=busy; exec 9>&-; break; fi
		kops_try=$((kops_try + 1))
		sleep 0.1
	done
fi
printf '%%s\n' "$kops_state"
if [ "$kops_state" = busy ]; then
	printf '%%s\n' "$kops_pid" "$kops_who"
	printf 'another run has it: %%s\n' "$kops_who" >&2
fi
`

// takeScript is the lockScript of this run for a host.
func (p *play) takeScript(h *host, root bool, tries int) (string, error) {
	file := userLock
	if root {
		file = rootLock
	}
	who, err := json.Marshal(holder{Run: p.Started.Run, User: p.Started.User, Host: p.Started.Host, Since: p.began})
	if err != nil {
		return "", err
	}
	run := p.Started.Run + "/"
	return fmt.Sprintf(lockScript, file, tries, quoted(run+h.name), quoted(run), quoted(string(who))), nil
}

// quoted is a word for the shell that is no pattern either.
func quoted(word string) string {
	if q := module.Quote(word); strings.HasPrefix(q, "'") {
		return q
	}
	return "'" + word + "'"
}

// atHome are the actions that need no host, and onlyLook those that change none.
var (
	atHome   = []string{"add_host", "assert", "debug", "fail", "group_by", "include_vars", "kafka_preflight", "kafka_verify_report", "meta", "pause", "set_fact"}
	onlyLook = []string{"kafka_can_stop", "kafka_cluster_info", "kafka_health", "kafka_preflight_facts", "ping", "setup", "slurp", "stat", "wait_for", "zookeeper_health", "zookeeper_info"}
)

// touches tells whether any task of the play asks one of its hosts for anything, and changes whether
// one may change it. What a task does on another host than its own is that host's business.
func (p *play) touches(ctx context.Context) (touches, changes bool) {
	facts, err := p.gathers(ctx)
	touches = facts || err != nil
	for _, t := range p.allTasks() {
		name := p.Plan.ActionOf(t)
		if m, ok := p.Plan.Registry().Find(t.Module); ok { // whatever its collection
			name = m.Name
		}
		if keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.DelegateTo }).Given() || slices.Contains(atHome, name) {
			continue
		}
		touches = true
		changes = changes || !slices.Contains(onlyLook, name)
	}
	return touches, changes
}

// allTasks lists all tasks of the play and its handlers, as far as they are known before it runs.
func (p *play) allTasks() []*playbook.Task {
	var all []*playbook.Task
	var walk func(entries []playbook.Entry)
	walk = func(entries []playbook.Entry) {
		for _, e := range entries {
			switch e := e.(type) {
			case *playbook.Task:
				all = append(all, e)
			case *playbook.Block:
				walk(e.Block)
				walk(e.Rescue)
				walk(e.Always)
			}
		}
	}
	for _, section := range [][]playbook.Entry{p.PreTasks, p.Roles, p.Tasks, p.PostTasks} {
		walk(section)
	}
	return append(all, p.Handlers...)
}

// letGo lets go of the locks that the run holds and returns their hosts.
func (p *play) letGo(ctx context.Context) []*host {
	p.mu.Lock()
	var held []*host
	for _, h := range p.runner.hosts {
		if h.lock != nil {
			held = append(held, h)
		}
	}
	p.mu.Unlock()
	p.each(held, func(h *host) {
		// What fails here has no shell any more that could hold a lock.
		_, _ = h.lock.Hold(ctx, "", nil)
		h.lock = nil
	})
	return held
}

// waitFor opens a host whose lock another run may have, as soon as that lets go of it.
func (p *play) waitFor(ctx context.Context, h *host) {
	var b *busy
	for !p.stopping(ctx) {
		by := p.open(ctx, h, lockTries)
		if by == nil {
			break
		}
		if b == nil {
			p.Emit(event.LockWaiting{Host: h.name, Run: by.Run, User: by.User, Controller: by.Host, Since: by.Since, PID: by.PID})
			b = p.watch.begin(0, "waiting for the lock", h.name)
			defer b.end()
		}
		b.step("it is held by " + by.String())
	}
}

// lockTries is how often the host itself tries again, every 0.1 s, before it says that the lock
// is busy.
const lockTries = 10

// refuse ends the play before it has changed anything: another run has one of its hosts.
func (p *play) refuse(ctx context.Context, busy map[*host]*holder) {
	p.startOnce()
	t := p.factsTask()
	t.Name.Value = "Taking the lock"
	t.Module = "lock"
	hosts := make([]*host, 0, len(busy))
	for _, h := range p.lockable() {
		if busy[h] != nil {
			hosts = append(hosts, h)
		}
	}
	id := p.announce(ctx, t, hosts)
	for _, h := range hosts {
		p.participate(h) // one of the cluster, where the play is a part of that
		p.report(h, id, &outcome{err: fmt.Errorf("the host is locked by %s (process %d there); without --lock fail kops waits for it", busy[h], busy[h].PID), pos: p.Pos})
		p.fail(h, nil, false)
	}
	p.stopped = hosts[0].name + " is locked by " + busy[hosts[0]].String()
}

// heldBy reads what lockScript said. busy is nil unless another run has the lock; none says why there
// is no lock to be had.
func heldBy(said string) (busy *holder, none string) {
	lines := strings.SplitN(said, "\n", 4)
	switch state, why, _ := strings.Cut(lines[0], " "); state {
	case "none":
		return nil, why
	case "busy":
		busy = &holder{}
		if len(lines) > 2 {
			// A holder that has not written yet who it is stays unnamed.
			_ = json.Unmarshal([]byte(lines[2]), busy)
			_, _ = fmt.Sscan(lines[1], &busy.PID)
		}
	}
	return busy, ""
}
