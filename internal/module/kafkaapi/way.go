package kafkaapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
)

// firstTry limits how long the task's own host may try, where the broker's host can try after it.
const firstTry = 3 * time.Second

// A way leads to brokers: from the task's host, or else from the broker's own.
type way struct {
	host       remote.Reader
	neighbours func() []module.Neighbour
	known      sync.Once
	all        []module.Neighbour
	homes      sync.Map // of brokers that only their own host reaches, by number and address
}

// place is a broker as it is dialled; its number is -1 before it has said who it is.
type place struct {
	broker  int32
	address string
}

// dial implements kafka.Dial.
func (w *way) dial(ctx context.Context, broker int32, address string) (net.Conn, error) {
	to := place{broker, address}
	if home, ok := w.homes.Load(to); ok {
		return home.(module.Neighbour).Dial(ctx, "tcp", address)
	}
	if w.neighbours == nil {
		return w.host.Dial(ctx, "tcp", address)
	}
	if to.local() {
		return w.inside(ctx, to)
	}
	try, cancel := context.WithTimeout(ctx, firstTry)
	defer cancel()
	conn, direct := w.host.Dial(try, "tcp", address)
	if direct == nil {
		return conn, nil
	}
	home, err := w.home(to)
	if err != nil || home == nil || home.Own {
		return nil, direct
	}
	if conn, err = home.Dial(ctx, "tcp", address); err != nil {
		if Refused(direct) { // by a firewall, may be: whether anybody listens is known on its own host
			direct = errors.New(direct.Error())
		}
		return nil, fmt.Errorf("%w; from its own host %s: %w", direct, home.Name, err)
	}
	w.homes.Store(to, *home)
	return conn, nil
}

// inside reaches a broker that advertises an address which means its own host.
func (w *way) inside(ctx context.Context, to place) (net.Conn, error) {
	if to.broker < 0 {
		return w.host.Dial(ctx, "tcp", to.address)
	}
	home, err := w.home(to)
	if err != nil {
		return nil, err
	}
	if home == nil || home.Own {
		return w.host.Dial(ctx, "tcp", to.address)
	}
	conn, err := home.Dial(ctx, "tcp", to.address)
	if err != nil {
		return nil, fmt.Errorf("from broker %d's own host %s: %w", to.broker, home.Name, err)
	}
	return conn, nil
}

// home finds the host of the inventory on which a broker runs; nil where none says so.
func (w *way) home(to place) (*module.Neighbour, error) {
	w.known.Do(func() { w.all = w.neighbours() })
	found := choose(w.all, func(n module.Neighbour) bool { return !to.local() && called(n, to.name()) })
	if len(found) == 0 && to.broker >= 0 {
		found = choose(w.all, func(n module.Neighbour) bool { return n.Var("kafka_broker_id") == strconv.Itoa(int(to.broker)) })
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	var names []string
	for _, n := range found {
		names = append(names, n.Name)
	}
	return nil, fmt.Errorf("broker %d advertises %s, and it is not known which host that is: kafka_broker_id is %d on %s; run the task in a play of one cluster's hosts",
		to.broker, to.address, to.broker, strings.Join(names, ", "))
}

// choose returns the neighbours that fit; where there are several, those of the play.
func choose(all []module.Neighbour, fits func(module.Neighbour) bool) []module.Neighbour {
	var found, inPlay []module.Neighbour
	for _, n := range all {
		if !fits(n) {
			continue
		}
		found = append(found, n)
		if n.Play {
			inPlay = append(inPlay, n)
		}
	}
	if len(inPlay) > 0 {
		return inPlay
	}
	return found
}

// called tells whether a host goes by a name or address.
func called(n module.Neighbour, name string) bool {
	return n.Name == name || slices.Contains([]string{n.Var("ansible_host"), n.Var("kafka_address")}, name)
}

func (to place) name() string {
	name, _, err := net.SplitHostPort(to.address)
	if err != nil {
		return to.address
	}
	return name
}

// local tells whether the address means the host that uses it.
func (to place) local() bool {
	ip := net.ParseIP(to.name())
	return to.name() == "localhost" || ip.IsLoopback() || ip.IsUnspecified()
}
