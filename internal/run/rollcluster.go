package run

import (
	"context"
	"errors"
	"fmt"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
)

// rollingRole names the variable that says what a rolling play's hosts are, where their groups do
// not: broker, controller (of KRaft, on hosts of their own) or zookeeper.
const rollingRole = "kafka_rolling_role"

// A cluster is what a roll asks of the servers' cluster, by its modules.
type cluster interface {
	name() string
	// health is the module, with its arguments for a host, that tells what see reads, and waits for so many seconds until the
	// cluster lacks nothing and can do without the servers.
	health(asked *host, stopping []*host, timeout value.Value) (string, *value.Map)
	// see reads the cluster's state out of the result of health. It is an error that servers are not who the
	// inventory says.
	see(result *value.Map) (sight, error)
	// address is where a host's server listens, as that host reaches it.
	address(s sight, h *host) string
	// alone is the module, with its arguments for a host, that asks nobody but that host's server; "" where
	// what it says would not tell whether it serves.
	alone(h *host) (string, *value.Map)
	// refuses tells why the servers can never be stopped at once, whatever else is well; "" if they can.
	refuses(s sight, stopping []*host) string
	// called is a host with what its server is known by.
	called(h *host) string
	// keepsLogs tells whether kops logs shows the servers' logs.
	keepsLogs() bool
	// hint is what may be done about servers that can never be stopped; "" for nothing.
	hint() string
	// after is what is done when the servers have been out of service and are back; "" for nothing.
	after(asked *host) (string, *value.Map)
}

// A sight is a cluster at one moment. A server that is neither serving nor down may serve all the same: it did not
// answer in time, or not the one who asked.
type sight struct {
	serving   map[*host]bool
	down      map[*host]bool   // it is out of service for sure: nobody listens there, or who does is not registered and hangs
	last      *host            // the controller, or the leader; nil where it is none of the play's hosts
	racks     map[*host]string // as the servers tell; none where they do not
	listens   map[*host]string // addresses of registered brokers, as they tell
	strangers []string         // registered brokers that are no host's
	observers map[*host]bool   // servers of ZooKeeper without a vote
	blind     bool             // nobody answers
}

// votes tells whether a server counts for its ensemble's majority.
func (s sight) votes(h *host) bool { return !s.observers[h] }

// A noAnswer says why none of the servers tells of the cluster: it does not run, or it cannot be reached.
type noAnswer struct {
	cluster string
	why     error
}

// Error says what follows from it.
func (e *noAnswer) Error() string {
	return fmt.Sprintf("%s cannot be asked whether it can do without a server: %v", e.cluster, e.why)
}

// Unwrap returns what each server said.
func (e *noAnswer) Unwrap() error { return e.why }

// newRoll finds out what the play's hosts are.
func (p *play) newRoll(ctx context.Context) (*roll, error) {
	p.preview(ctx)
	r := &roll{p: p}
	role, group, err := p.rollingRole(ctx)
	if err != nil {
		return nil, err
	}
	if r.members, err = p.members(ctx, group); err != nil {
		return nil, err
	}
	if r.timeout, err = valueOf(p.ownScope(ctx, p.hosts[0]), "kafka_health_timeout", int64(600)); err != nil {
		return nil, err
	}
	switch role {
	case "zookeeper":
		r.cluster, err = newEnsemble(ctx, r)
	case "controller":
		r.cluster, err = newControllers(ctx, r)
	default:
		r.cluster, err = newBrokers(ctx, r)
	}
	return r, err
}

func (p *play) rollingRole(ctx context.Context) (role, group string, err error) {
	in := func(group string) bool {
		for _, h := range p.hosts {
			if !h.inGroup(group) {
				return false
			}
		}
		return true
	}
	v, ok, err := p.ownScope(ctx, p.hosts[0]).Var(rollingRole)
	if err != nil {
		return "", "", fmt.Errorf("variable %s: %w", rollingRole, err)
	}
	switch role = value.Str(v); {
	case !ok && in("zookeeper") && !in("kafka"):
		return "zookeeper", "zookeeper", nil
	case !ok || role == "broker":
		return "broker", "kafka", nil
	case role == "zookeeper":
		return role, role, nil
	case role == "controller":
		return role, "", nil
	}
	d := diag.Errorf(p.Strategy.Pos, "%s is %q: it must be broker, controller or zookeeper", rollingRole, role)
	d.Hint = diag.Suggest(role, []string{"broker", "controller", "zookeeper"})
	return "", "", d
}

// members are the servers of the cluster: the group, where all of the play's hosts are in it, or
// else the hosts of the play's pattern, whatever the limit leaves of them.
func (p *play) members(ctx context.Context, group string) ([]*host, error) {
	invs, err := p.Plan.Unlimited(p.Plan.Engine().Scope(ctx, p.vars, nil), p.Play)
	if err != nil {
		return nil, err
	}
	whole := group != ""
	for _, h := range p.hosts {
		whole = whole && h.inGroup(group)
	}
	var members []*host
	if whole {
		for _, name := range p.Plan.HostNames() {
			if inv, ok := p.Plan.Host(name); ok && p.host(inv).inGroup(group) {
				members = append(members, p.host(inv))
			}
		}
	} else {
		for _, inv := range invs {
			members = append(members, p.host(inv))
		}
	}
	for _, h := range members {
		h.publish(p.vars)
	}
	return members, nil
}

func (h *host) inGroup(name string) bool {
	for _, g := range h.inv.GroupNames.Items {
		if g == name {
			return true
		}
	}
	return false
}

// ownScope is the scope of what a strategy adds to the play.
func (p *play) ownScope(ctx context.Context, h *host) *template.Scope {
	return p.scope(ctx, h, p.facts)
}

// spec is a module with its arguments, as it works on a server.
func (r *roll) spec(ctx context.Context, h *host, name string, args *value.Map) (module.Spec, error) {
	m, ok := r.p.Plan.Registry().Find(name)
	if !ok {
		return nil, fmt.Errorf("strategy %s needs the module %s", playbook.KafkaRolling, name)
	}
	r.p.hideArguments(m, args)
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		return nil, diag.Errorf(r.p.Strategy.Pos, "strategy %s: %w", playbook.KafkaRolling, errors.Join(problems...))
	}
	r.p.meet(spec, r.p.facts, &target{host: h, scope: r.p.ownScope(ctx, h)})
	return spec, nil
}

// sentencesOf are those that a module's result has under a name.
func sentencesOf(c module.Change, name string) []string {
	var found []string
	if l, ok := c.Result.At(name).(*value.List); ok {
		for _, item := range l.Items {
			found = append(found, value.Str(item))
		}
	}
	return found
}
