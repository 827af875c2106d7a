package run

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/remote/overlay"
	"kops/internal/template"
	"kops/internal/value"
)

// foreseen returns the host as earlier tasks of a check run would leave it; h itself where none
// would change anything. A task that check_mode: false makes act sees what is there.
func (w *work) foreseen(h remote.Host) remote.Reader {
	w.seen = nil
	if !w.x.p.Check || !w.check || !w.tg.host.forecast.Any() && w.x.p.restless() == "" {
		return h
	}
	w.seen = overlay.New(h, w.tg.host.forecast, w.x.p.restless)
	return w.seen
}

// restless tells which task would first start, stop or restart a service, on whichever host: from then on nobody
// knows what services answer. "" where none would.
func (r *runner) restless() string {
	if name := r.firstAct.Load(); name != nil {
		return *name
	}
	return ""
}

// unsure makes the outcome unknown where the reader was asked for what it cannot know, or err says so.
func (w *work) unsure(o *outcome, err error) bool {
	if !w.x.p.Check {
		return false
	}
	var unknown *overlay.Unknown
	var refused *remote.ConnectError
	forecast := w.tg.host.forecast
	switch {
	case w.seen != nil && w.seen.Doubted() != "":
		o.unknown(w.seen.Doubted())
	case errors.As(err, &unknown):
		o.unknown(unknown.What)
	case errors.Is(err, module.ErrDependsOnEarlier) && (forecast.Any() || w.x.p.restless() != ""):
		o.unknown("changes of earlier tasks: " + plainly(err))
	case errors.As(err, &refused) && refused.Reason == remote.BecomeUserUnknown && forecast.MayBring(w.tg.become.User):
		o.unknown("the user " + w.tg.become.User + ", whom an earlier task would make")
	default:
		return false
	}
	return true
}

// plainly is an error without the mark that an earlier task may bring what is missing.
func plainly(err error) string {
	return strings.ReplaceAll(err.Error(), " ("+module.ErrDependsOnEarlier.Error()+")", "")
}

// keepEffects lays what a task of a check run would change under the tasks that follow, on whichever host it works.
func (w *work) keepEffects(ctx context.Context, effects []module.Effect) {
	if !w.x.p.Check || len(effects) == 0 {
		return
	}
	for _, e := range effects {
		if e.Acts {
			name := taskName(w.x.t)
			w.x.p.firstAct.CompareAndSwap(nil, &name)
		}
	}
	h, err := w.connect(ctx)
	if err == nil {
		err = overlay.New(h, w.tg.host.forecast, func() string { return "" }).Apply(ctx, effects...)
	}
	if err != nil { // without its effects nothing can be said of later tasks that depend on them
		w.tg.host.forecast.Doubt()
	}
}

// touch records that a task whose outcome is unknown may have changed what its arguments name.
func (x *execution) touch(ctx context.Context, s *template.Scope) {
	if !x.p.Check {
		return
	}
	tg, err := x.target(ctx, s)
	if err != nil {
		x.h.forecast.Doubt()
		return
	}
	tg.host.forecast.Doubt()
	m, ok := x.p.Plan.Registry().Find(x.t.Module)
	args, err := x.arguments(s)
	if !ok || err != nil {
		return
	}
	known := &value.Map{}
	for k, v := range args.All() {
		if firstUnknown(v) == nil {
			known.Set(k, v)
		}
	}
	if t, ok := m.Partly(known).(module.Toucher); ok {
		w := &work{x: x, tg: tg, check: true, name: m.Name}
		w.keepEffects(ctx, t.Touches())
	}
}

// stale says of a task that check_mode: false makes act on a host which earlier tasks would have changed: what it
// found is not what it will find. Its failure is no failure of the run.
func (w *work) stale(o *outcome) {
	if w.x.p.Check && !w.check && (w.tg.host.forecast.Any() || w.x.p.restless() != "") {
		o.stale = "what " + w.name + " finds after changes of earlier tasks"
	}
}

// resultName is what a result's documentation calls a key.
var resultName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// openEnds are the keys of a module's result that only doing it fills.
func (w *work) openEnds(o *outcome) {
	m, ok := w.x.p.Plan.Registry().Find(w.name)
	if !ok {
		return
	}
	for _, r := range m.Doc.Returns {
		for _, name := range strings.Split(r.Name, ", ") {
			if _, there := o.result.Get(name); !there && resultName.MatchString(name) {
				o.open = append(o.open, name)
			}
		}
	}
}

// later judges a task of a check run that until or retries would try again: check mode does not wait.
func (x *execution) later(s *template.Scope, o *outcome) {
	if check, _, err := x.modes(s); !x.p.Check || err != nil || !check {
		return
	}
	why := "whether a later attempt brings what until waits for"
	if o.status == event.Failed {
		why = "whether a later attempt succeeds: " + o.msg
	}
	o.err = nil
	o.unknown(why)
}

// mayNotify tells whether a task of unknown outcome may change something, which notifies: changed_when may rule it out.
func (x *execution) mayNotify(s *template.Scope, o *outcome) bool {
	if !x.p.Check || len(x.t.Notify) == 0 {
		return false
	}
	if len(x.t.ChangedWhen) == 0 {
		return true
	}
	v, err := x.withResult(s, o).Conditions(clauses(x.t.ChangedWhen))
	return err != nil || v.Holds || v.Unknown
}

// doubting runs do while nobody knows whether the hosts get there: what they would change there is unknown.
func doubting(hosts []*host, why string, do func()) {
	before := make([]string, len(hosts))
	for i, h := range hosts {
		before[i] = h.doubt
		if h.doubt == "" {
			h.doubt = why
		}
	}
	do()
	for i, h := range hosts {
		if h.doubt == why {
			h.doubt = before[i]
		}
	}
}

// mayRescue runs a rescue section, in check mode, for the hosts on which a task of the block is unknown: it may fail.
func (p *play) mayRescue(ctx context.Context, hosts []*host, b *playbook.Block, unknown map[*host]int) {
	var maybe []*host
	for _, h := range hosts {
		if h.alive() && h.counts.Unknown > unknown[h] {
			maybe = append(maybe, h)
		}
	}
	if len(maybe) > 0 {
		doubting(maybe, "whether the block before fails", func() { p.entries(ctx, maybe, b.Rescue, true) })
	}
}

func unknowns(hosts []*host) map[*host]int {
	counts := map[*host]int{}
	for _, h := range hosts {
		counts[h] = h.counts.Unknown
	}
	return counts
}

// reason says what of a module's change only doing it can tell.
func (w *work) reason(c module.Change) string {
	if c.Why != "" {
		return c.Why
	}
	return fmt.Sprintf("what %s does, which only doing it can tell", w.name)
}
