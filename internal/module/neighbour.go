package module

import (
	"context"
	"net"
)

// A Neighbour is a host of the inventory as a module sees it that may work on another: the
// way to a service which that host alone reaches.
type Neighbour struct {
	Name string
	Own  bool // it is the host that the module works on
	Play bool // it is one of the play's
	// Var returns a variable's text, "" where the host has none of that name.
	Var func(name string) string
	// Dial opens a connection from that host's side, as remote.Reader does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Networker is a Spec whose service names hosts that the task's host may not reach, such as the
// brokers of a cluster. Meet is called before Plan; neighbours costs nothing until it is called.
type Networker interface {
	Meet(neighbours func() []Neighbour)
}
