package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"kops/internal/event"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/state"
)

// ready makes ready for a batch; false ends the play before it.
func (p *play) ready(ctx context.Context, batch int) bool {
	if batch > 1 {
		p.openLate(ctx)
		return true
	}
	hosts := p.batch
	if wanted, err := p.gathers(ctx); err == nil && wanted && len(hosts) <= p.Forks {
		p.first = hosts
	}
	p.begin(ctx)
	p.batch = hosts
	return p.stopped == ""
}

// begin makes ready for the play: it takes the locks of its hosts and reads which handlers
// earlier runs owe them. A host that cannot be reached is found out by its first task.
//
// A run never waits for one lock while it holds another, or two runs could wait for each other:
// it tries them all, and where one is busy it lets go of all and takes them one after the other
// in the order of their names.
func (p *play) begin(ctx context.Context) {
	touches, changes := p.touches(ctx)
	p.locking = changes && !p.Check && p.Lock != "" && p.Lock != LockOff
	p.reading = touches && p.Owed != nil && len(p.Handlers) > 0
	p.becomers = p.becoming()
	p.preview(ctx)
	if p.locking || p.reading {
		busy := p.openAll(ctx)
		switch {
		case len(busy) == 0:
		case p.Lock == LockFail:
			p.refuse(ctx, busy)
			return
		default:
			p.queue(ctx, busy)
		}
	}
	for _, h := range p.hosts {
		p.openLedger(h)
	}
}

// preview gives the hosts the variables that say how to reach them, before their batch begins.
func (p *play) preview(ctx context.Context) {
	p.batch = p.hosts
	for _, h := range p.hosts {
		h.ledger, h.opening = nil, nil
		if !h.access.root {
			h.access = access{}
		}
		h.publish(p.vars)
	}
	p.batchMagic = p.newBatchMagic()
	for _, h := range p.hosts {
		if len(p.VarsFiles) == 0 {
			return
		}
		s := p.Plan.Engine().Scope(ctx, p.withMagic(h.snapshot.Load(), h, &playbook.Block{}), p.searchPath(&playbook.Block{}))
		if layers, err := p.Plan.VarsFiles(s, p.Play); err == nil { // its batch reports an error
			h.files = layers
			h.publish(p.vars)
		}
	}
}

func (p *play) openAll(ctx context.Context) map[*host]*holder {
	var mu sync.Mutex
	busy := map[*host]*holder{}
	p.each(p.lockable(), func(h *host) {
		if by := p.open(ctx, h, 0); by != nil {
			mu.Lock()
			defer mu.Unlock()
			busy[h] = by
		}
	})
	return busy
}

// lockable lists the hosts whose locks the play takes: its own, and of a cluster that it rolls all
// others too, since nobody may take a second server out meanwhile.
func (p *play) lockable() []*host {
	hosts := p.hosts
	if p.rolls == nil || !p.locking {
		return hosts
	}
	for _, h := range p.rolls.members {
		if !slices.Contains(hosts, h) && !h.unreachable {
			hosts = append(slices.Clone(hosts), h)
		}
	}
	return hosts
}

// queue takes the locks one after the other: those that are busy and those that it had.
func (p *play) queue(ctx context.Context, busy map[*host]*holder) {
	p.stir() // what was read meanwhile was not read under the lock
	wanted := p.letGo(ctx)
	for h := range busy {
		wanted = append(wanted, h)
	}
	slices.SortFunc(wanted, func(a, b *host) int { return strings.Compare(a.name, b.name) })
	for _, h := range wanted {
		p.waitFor(ctx, h)
	}
}

// openLate opens hosts of a later batch that could not be reached when the play began.
func (p *play) openLate(ctx context.Context) {
	var late []*host
	for _, h := range alive(p.batch) {
		if h.opening != nil {
			late = append(late, h)
		}
	}
	p.each(late, func(h *host) {
		h.opening = nil
		if by := p.open(ctx, h, lockTries); by != nil {
			h.opening = fmt.Errorf("the host is locked by %s", by)
		}
		p.openLedger(h)
	})
}

// An access is how kops reaches a host for its own purposes: as root where the play may be that.
type access struct {
	host   remote.Host
	become remote.Become
	root   bool
}

// open takes the lock of a host, trying again so often, and reads what it is owed, in one round trip.
// It returns who has the lock where that is another run. Other errors are kept for the first
// task of the host.
func (p *play) open(ctx context.Context, h *host, tries int) *holder {
	locking := p.locking && (h.lock == nil || h.access.host == nil)
	if !locking && (!p.reading || h.onHost != nil) {
		return nil
	}
	if h.access.host == nil {
		if err := p.reach(ctx, h); err != nil {
			var c *remote.ConnectError
			if errors.As(err, &c) { // the other errors are found by the task again, with its place
				h.opening = err
			}
			return nil
		}
	}
	if !locking {
		if h.access.root && h.onHost == nil {
			res, err := h.access.host.Query(ctx, readScript)
			p.read(h, res.Stdout, err)
		}
		return nil
	}
	script, err := p.takeScript(h, h.access.root, tries)
	if err != nil {
		h.opening = err
		return nil
	}
	sent := func() { p.factsAhead(ctx, h) }
	if tries > 0 {
		sent = nil // it will be tried again
	}
	res, err := h.access.host.Hold(ctx, script+p.thenRead(h), sent)
	if err != nil {
		h.opening = err
		return nil
	}
	taken, debts, _ := bytes.Cut(res.Stdout, []byte(debtsMark))
	by, none := heldBy(string(taken))
	switch {
	case by != nil:
		return by
	case none != "" && !h.unlocked:
		h.unlocked = true
		p.warn(h.name, p.Pos, "no lock is held here, so another run may work on the host at the same time: "+none)
	}
	h.lock = h.access.host
	h.ahead.acted(h.access.become)
	if h.access.root && p.Owed != nil {
		p.read(h, debts, nil)
	}
	return nil
}

// debtsMark stands between what the lock's script says and what the host is owed.
const debtsMark = "kops-owed\n"

// thenRead is the end of a script that takes the lock: its exit status says whether it has.
func (p *play) thenRead(h *host) string {
	script := `[ "$kops_state" != busy ]`
	if h.access.root && p.Owed != nil {
		script = "if [ \"$kops_state" + `" != busy ]; then printf %s '` + debtsMark + "'; (" + readScript + "); else false; fi"
	}
	return script
}

// read takes over what the host says it is owed.
func (p *play) read(h *host, text []byte, err error) {
	var debts []state.Debt
	if err == nil {
		debts, err = parseDebts(text)
	}
	var c *remote.ConnectError
	if errors.As(err, &c) {
		h.opening = err
		return
	}
	if err != nil {
		p.warn(h.name, p.Pos, err.Error())
	}
	h.onHost = newAccount(onHost{h.access.host}, debts)
}

// reach finds out how kops gets to be root on the host: as the user who logs in, as the play says,
// or else as some task of it does.
func (p *play) reach(ctx context.Context, h *host) error {
	t := p.facts
	tg := &target{host: h, scope: p.scope(ctx, h, t)}
	settings, err := p.settings(t, tg)
	if err != nil {
		return err
	}
	if tg.become, err = p.become(t, tg); err != nil {
		return err
	}
	conn, err := h.connection(ctx, p.Dial, settings)
	if err != nil {
		return err
	}
	h.access = access{host: conn.As(remote.Become{})}
	h.access.root = h.access.host.User() == "root"
	tries := []remote.Become{tg.become}
	for _, t := range p.becomers {
		ttg := &target{host: h, scope: p.scope(ctx, h, t)}
		s, err := p.settings(t, ttg)
		if err != nil || s.Kind != settings.Kind || s.String() != settings.String() {
			continue
		}
		if b, err := p.become(t, ttg); err == nil {
			tries = append(tries, b)
		}
	}
	for _, b := range tries {
		if h.access.root {
			break
		}
		if host := conn.As(b); b.Method != "" && host.User() == "root" {
			h.access = access{host: host, become: b, root: true}
		}
	}
	return nil
}

// becoming lists the tasks that say for themselves as whom they act, one for each place that says so.
func (p *play) becoming() []*playbook.Task {
	pick := func(k *playbook.Keywords) playbook.Field { return k.Become }
	var tasks []*playbook.Task
	seen := map[string]bool{}
	for _, t := range p.allTasks() {
		f := keyword(t, p.Play.Play, pick)
		at := fmt.Sprint(f.Pos)
		if f.Given() && f.Pos != pick(&p.Play.Keywords).Pos && !seen[at] && !keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.DelegateTo }).Given() {
			seen[at] = true
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// openLedger makes the ledger of a host for this play: what earlier runs of it owe.
func (p *play) openLedger(h *host) {
	if p.Owed == nil || len(p.Handlers) == 0 && h.onHost == nil {
		return
	}
	p.openHome(h)
	h.ledger = &ledger{store: h.atHome, debts: map[string]*debt{}, passed: map[string]int{}}
	accounts := []*account{h.atHome}
	if h.onHost != nil {
		h.ledger.store = h.onHost
		accounts = append(accounts, h.onHost)
	}
	for _, a := range accounts {
		for _, d := range sorted(a.debts) {
			p.enter(h, a, d)
		}
	}
}

// openHome reads what the controller keeps for a host.
func (p *play) openHome(h *host) {
	if h.atHome != nil {
		return
	}
	debts, err := p.Owed.Of(h.name)
	if err != nil {
		p.warn(h.name, p.Pos, err.Error())
	}
	h.atHome = newAccount(onController{p.Owed, h.name}, debts)
}

func sorted(debts map[string]state.Debt) []state.Debt {
	var list []state.Debt
	for _, d := range debts {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b state.Debt) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return list
}

// enter puts a debt of this play into the host's ledger, or says why nobody can pay it.
func (p *play) enter(h *host, a *account, d state.Debt) {
	if d.File != filepath.Base(p.File) {
		return
	}
	if d.Play != p.writtenName() {
		p.orphan(h, d)
		return
	}
	handlers := p.owedHandlers(d)
	if len(handlers) == 0 {
		p.warn(h.name, p.Pos, fmt.Sprintf("the handler '%s' is owed since %s, and this play has no such handler any more; `kops pending forget` crosses it off", d.Name(), when(d)))
		return
	}
	h.ledger.debts[d.Key()] = &debt{Debt: d, store: a, handlers: handlers, waiting: true}
	p.Emit(event.HandlerOwed{
		Host: h.name, Handler: d.Name(), Play: d.Play, Task: d.Task,
		Since: d.Since, Run: d.Run, User: d.User, Controller: d.Host,
	})
}

// when says since when and by whom a handler is owed.
func when(d state.Debt) string {
	return fmt.Sprintf("%s by the task '%s' (run %s of %s on %s)", d.Since.Local().Format("2006-01-02 15:04:05"), d.Task, d.Run, d.User, d.Host)
}

// orphan warns of a debt whose play the file has no more, once in a run: at its first play.
func (p *play) orphan(h *host, d state.Debt) {
	first := true
	for _, other := range p.Plan.Plays() {
		if filepath.Base(other.File) != d.File {
			continue
		}
		if writtenName(other.Play) == d.Play || first && other != p.Play {
			return
		}
		first = false
	}
	p.warn(h.name, p.Pos, fmt.Sprintf("the handler '%s' is owed since %s, by the play '%s' of a %s; this one has no such play: run the one that has, or, if it is gone, `kops pending forget` crosses it off", d.Name(), when(d), d.Play, d.File))
}

// owedHandlers are the play's handlers that a debt means: those that a notification would find.
func (p *play) owedHandlers(d state.Debt) []*playbook.Task {
	var all, found []*playbook.Task
	for _, t := range p.Handlers {
		if p.debtOf(t).Key() == d.Key() {
			all = append(all, t)
		}
	}
	name := d.Name()
	if d.Handler == "" {
		name = d.Topic
	}
	for _, t := range p.Plan.HandlersOf(p.Play, name) {
		if slices.Contains(all, t) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return all
	}
	return found
}
