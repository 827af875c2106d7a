package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrUnknownTopic says that there is no such topic.
var ErrUnknownTopic = errors.New("there is no such topic")

// An Asker is asked: any broker of a client's cluster, or one of them.
type Asker struct {
	client *Client
	to     kmsg.Requestor
}

// Any asks whichever broker answers; what only the controller may do goes there.
func (c *Client) Any() Asker { return Asker{c, c.kgo} }

// Broker asks one broker.
func (c *Client) Broker(id int32) Asker { return Asker{c, c.kgo.Broker(int(id))} }

// living asks a broker that has answered the probe, the next one if it does not answer any more, and at last whichever the
// client chooses. What is for the controllers is passed on by every broker; left to itself the client takes it to the one that
// the metadata names, and with KRaft this is any that is registered, also one that was killed a moment ago.
func (c *Client) living(brokers []Broker) Asker { return Asker{c, living{c, brokers}} }

type living struct {
	client  *Client
	brokers []Broker
}

// Request implements kmsg.Requestor.
func (l living) Request(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	for _, b := range l.brokers {
		if b.Err != nil {
			continue
		}
		if response, err := l.client.kgo.Broker(int(b.ID)).Request(ctx, request); err == nil {
			return response, nil
		}
	}
	return l.client.kgo.Request(ctx, request)
}

// ask sends a request with the time limit of one call. Its error says what was being done.
func ask[R kmsg.Response](ctx context.Context, a Asker, what string, request kmsg.Request) (R, error) {
	call, cancel := a.client.limit(ctx)
	defer cancel()
	var none R
	response, err := a.to.Request(call, request)
	if err != nil {
		return none, a.client.explain(what, err)
	}
	return response.(R), nil
}

// settlePause is how long Settle waits between two looks.
const settlePause = 50 * time.Millisecond

// Settle waits until each broker that answers shows what a change has made: a change is the
// controller's, and the brokers learn of it one by one. It gives up after the time limit of one
// call, and says what is not there yet.
func (c *Client) Settle(ctx context.Context, what string, there func(ctx context.Context, a Asker) (bool, error)) error {
	call, cancel := c.limit(ctx)
	defer cancel()
	meta, err := c.admin.BrokerMetadata(call)
	if err != nil {
		return c.explain(what, err)
	}
	brokers := brokersOf(meta)
	c.probe(ctx, brokers)
	for _, b := range brokers {
		for b.Err == nil {
			seen, err := there(call, c.Broker(b.ID))
			if seen {
				break
			}
			select {
			case <-call.Done():
				return fmt.Errorf("%s: broker %d does not show it after %s: %w", what, b.ID, c.timeout, errors.Join(err, context.Cause(call)))
			case <-time.After(settlePause):
			}
		}
	}
	return nil
}

// refusal is an error code of a broker with its message; nil for none.
func refusal(code int16, message *string) error {
	err := kerr.ErrorForCode(code)
	if err == nil || message == nil || *message == "" {
		return err
	}
	return &refused{err, *message}
}

// refusals is the first refusal of the parts of a response, which tell of their codes and messages.
func refusals[P any](what string, parts []P, of func(P) (int16, *string)) error {
	for _, p := range parts {
		if err := refusal(of(p)); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// A refused error says what the broker says, in place of what the code means in general.
type refused struct {
	err     error
	message string
}

// Error returns the broker's message after the code's name.
func (r *refused) Error() string {
	name, _, _ := strings.Cut(r.err.Error(), ":")
	return name + ": " + r.message
}

// Unwrap returns the code.
func (r *refused) Unwrap() error { return r.err }
