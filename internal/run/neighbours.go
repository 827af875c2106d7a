package run

import (
	"context"
	"net"
	"slices"

	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
)

// meet hands a spec that asks for it the hosts of the inventory.
func (p *play) meet(spec module.Spec, t *playbook.Task, tg *target) {
	if s, ok := spec.(module.Networker); ok {
		s.Meet(func() []module.Neighbour { return p.neighbours(t, tg) })
	}
}

// neighbours are all hosts of the inventory, as a task on one of them reaches them.
func (p *play) neighbours(t *playbook.Task, from *target) []module.Neighbour {
	var all []module.Neighbour
	for _, name := range p.Plan.HostNames() {
		h := p.hostNamed(name)
		tg := &target{host: h, scope: p.hostScope(from.scope, h)}
		all = append(all, module.Neighbour{
			Name: name, Own: h == from.host, Play: slices.Contains(p.all, h),
			Var: tg.variable,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				w, err := p.connect(ctx, t, tg)
				if err != nil {
					return nil, err
				}
				return w.host().Dial(ctx, network, address)
			},
		})
	}
	return all
}

// variable returns a variable's text. One that cannot be evaluated for this host says as little
// of it as one that is not there.
func (tg *target) variable(name string) string {
	v, ok, err := tg.scope.Var(name)
	if err != nil || !ok || v == nil || template.IsOmit(v) {
		return ""
	}
	return value.Str(v)
}
