package run

import (
	"context"
	"sync"
	"sync/atomic"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/remote/overlay"
	"kops/internal/value"
	"kops/internal/vars"
)

// A host is a target's state over the whole run. Its fields are changed by the goroutine
// that works on it, or between tasks by the one that walks the play; the snapshot alone
// is read by others, for hostvars.
type host struct {
	name string
	inv  *plan.Host

	snapshot atomic.Pointer[vars.Set] // what outlives a task
	facts    *value.Map               // ansible_facts, without the prefix
	injected *value.Map               // the same as ansible_NAME
	setFacts *value.Map
	included *value.Map   // include_vars
	files    []*value.Map // vars_files of the play

	failed      bool // out of this play
	rescuing    bool // failed where a rescue section takes over: no failure of the play
	unreachable bool // out of the run
	ended       bool // meta: end_host, end_play
	listed      bool // in the recap
	counts      event.Counts
	notified    map[*playbook.Task]bool
	roles       []*playbook.Block         // the uses of roles that have run in this play
	unsure      map[*playbook.Task]string // check mode: notified by what may change, and why that is not known
	forecast    *overlay.State            // check mode: what earlier tasks would have brought
	doubt       string                    // check mode: why it is not known whether the host gets to the next task

	access   access      // how kops reaches it for its own purposes
	lock     remote.Host // whose shell holds the host's lock; nil where none does
	unlocked bool        // it has been said that there is no lock to be had
	opening  error       // why the play could not be begun on it, for its first task
	onHost   *account    // what it is owed, kept there; nil where that has not been read
	atHome   *account    // the same kept on the controller
	ledger   *ledger     // what it is owed in this play; nil where nothing is kept

	ahead lookahead // plans made before their turn

	failedHandler bool // the handler that is under way has failed on it

	connMu sync.Mutex
	conns  map[string]remote.Connection // by settings: delegation may log in in another way
}

func newHost(inv *plan.Host) *host {
	h := &host{
		name: inv.Name, inv: inv,
		facts: &value.Map{}, injected: &value.Map{}, setFacts: &value.Map{}, included: &value.Map{},
		ahead: lookahead{reach: maxEarly}, notified: map[*playbook.Task]bool{}, unsure: map[*playbook.Task]string{}, forecast: overlay.NewState(), conns: map[string]remote.Connection{},
	}
	h.publish(&vars.Set{})
	return h
}

// alive tells whether the host takes part in what comes next in the play.
func (h *host) alive() bool { return !h.failed && !h.unreachable && !h.ended }

// publish makes a new snapshot over the play's layers.
func (h *host) publish(play *vars.Set) {
	s := play.Replace(vars.Inventory, h.inv.Layers...).Replace(vars.PlayFiles, h.files...)
	if h.facts.Len() > 0 {
		s = s.Replace(vars.Facts, value.NewMap("ansible_facts", h.facts), h.injected)
	}
	s = s.Replace(vars.IncludeVars, h.included).Replace(vars.SetFacts, h.setFacts)
	h.snapshot.Store(s)
}

// setFact records variables at set_fact's level. Maps are shared with readers, so they
// are replaced, never modified.
func (h *host) setFact(m *value.Map) { h.setFacts = h.setFacts.Clone().Merge(m) }

func (h *host) includeVars(m *value.Map) { h.included = h.included.Clone().Merge(m) }

// addFacts records what a module returned as ansible_facts, under both of its names.
func (h *host) addFacts(m *value.Map) {
	const prefix = "ansible_"
	facts, injected := h.facts.Clone(), h.injected.Clone()
	for k, v := range m.All() {
		name, ok := k.(string)
		if !ok {
			continue
		}
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			facts.Set(name[len(prefix):], v)
		} else {
			facts.Set(name, v)
		}
		injected.Set(name, v)
	}
	h.facts, h.injected = facts, injected
}

// clearFacts forgets gathered facts.
func (h *host) clearFacts() { h.facts, h.injected = &value.Map{}, &value.Map{} }

// connection returns the connection for the given settings, dialled when first needed.
func (h *host) connection(ctx context.Context, dial remote.Dialer, s remote.Settings) (remote.Connection, error) {
	key := connectionKey(s)
	h.connMu.Lock()
	defer h.connMu.Unlock()
	if c, ok := h.conns[key]; ok {
		return c, nil
	}
	c, err := dial(ctx, h.name, s)
	if err != nil {
		return nil, err
	}
	h.conns[key] = c
	return c, nil
}

// connected returns the connection for the given settings; nil where there is none.
func (h *host) connected(s remote.Settings) remote.Connection {
	h.connMu.Lock()
	defer h.connMu.Unlock()
	return h.conns[connectionKey(s)]
}

func connectionKey(s remote.Settings) string { return s.Kind + " " + s.String() }

// reset drops the host's connections.
func (h *host) reset() {
	h.connMu.Lock()
	defer h.connMu.Unlock()
	for _, c := range h.conns {
		// What fails here is a connection that is gone already.
		_ = c.Reset()
	}
}

func (h *host) close() {
	h.connMu.Lock()
	defer h.connMu.Unlock()
	for _, c := range h.conns {
		// The run is over: a connection that does not close well loses nothing.
		_ = c.Close()
	}
}

// host returns the state of a host of the inventory, made when it first takes part.
func (r *runner) host(inv *plan.Host) *host {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.hosts[inv.Name]
	if !ok {
		r.hideConnection(inv)
		h = newHost(inv)
		r.hosts[inv.Name] = h
	}
	return h
}

// participate puts a host into the recap.
func (r *runner) participate(h *host) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !h.listed {
		h.listed = true
		r.order = append(r.order, h)
	}
}
