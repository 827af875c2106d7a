// Package kafkaapi is what the kafka modules share: the arguments that say where the brokers
// are and how to log in, and the way to them through the hosts' connections.
package kafkaapi

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/remote"
)

// Connection is the part of a kafka module's arguments that says where the cluster is.
type Connection struct {
	Bootstrap   []string `arg:"bootstrap,alias=bootstrap_servers" doc:"brokers to begin with, host:port as this host reaches them"`
	CallTimeout int      `arg:"call_timeout" doc:"seconds that one request may take, the connection that it needs included"`
	Security

	neighbours func() []module.Neighbour
}

// Default returns the connection of a task that says nothing.
func Default() Connection {
	return Connection{Bootstrap: []string{"127.0.0.1:9092"}, CallTimeout: 10, Security: Security{Protocol: "PLAINTEXT"}}
}

// Note is what each module's documentation says of the connection.
const Note = "It speaks Kafka's admin protocol through the host's SSH connection. A broker that this host does not reach by the address which the broker advertises, or that advertises localhost, " +
	"is reached from its own host: the one of the inventory whose name, ansible_host or kafka_address is that address, or whose kafka_broker_id is its number."

// Meet implements module.Networker.
func (c *Connection) Meet(neighbours func() []module.Neighbour) { c.neighbours = neighbours }

// Check tells what is wrong with the arguments.
func (c *Connection) Check() error {
	if err := kafka.CheckAddresses(c.Bootstrap); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	if c.CallTimeout < 1 {
		return errors.New("call_timeout: must be at least 1 second")
	}
	return c.check()
}

// Validate implements module.Validator for modules that have nothing to add to Check.
func (c *Connection) Validate() error { return c.Check() }

// CheckGlobs tells what is wrong with an argument that lists globs.
func CheckGlobs(argument string, globs []string) error {
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("%s: %q is not a glob", argument, glob)
		}
	}
	return nil
}

// Open returns a client that reaches brokers as h and its neighbours do. Close it. Its error
// is a mistake in the arguments or a file that is missing: nothing that waiting would mend.
func (c *Connection) Open(ctx context.Context, h remote.Reader) (*kafka.Client, error) {
	o := kafka.Options{Bootstrap: c.Bootstrap, CallTimeout: time.Duration(c.CallTimeout) * time.Second}
	if err := c.apply(ctx, h, &o); err != nil {
		return nil, err
	}
	way := &way{host: h, neighbours: c.neighbours}
	return kafka.Open(way.dial, o)
}
