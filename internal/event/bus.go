package event

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Bus hands events from many goroutines to sinks, in order and from one goroutine, with
// secrets masked once.
type Bus struct {
	events chan Event
	sinks  []Sink
	mask   func(Event) Event
	wg     sync.WaitGroup
	errs   []error
}

// NewBus returns a running bus. mask returns an event without its secrets.
func NewBus(mask func(Event) Event, sinks ...Sink) *Bus {
	b := &Bus{events: make(chan Event, 256), sinks: sinks, mask: mask}
	b.wg.Go(b.loop)
	return b
}

// Emit hands an event over. It waits while the sinks are far behind.
func (b *Bus) Emit(e Event) { b.events <- e }

// Close waits until every event has been handled, closes the sinks and returns what went
// wrong in them. Emit must not be called any more.
func (b *Bus) Close() error {
	close(b.events)
	b.wg.Wait()
	for _, s := range b.sinks {
		b.note(s.Close())
	}
	return errors.Join(b.errs...)
}

func (b *Bus) loop() {
	var seq int64
	for e := range b.events {
		seq++
		b.handle(seq, e)
	}
}

// handle masks an event and gives it to the sinks. A panic in one of them is an error of
// it: the run goes on.
func (b *Bus) handle(seq int64, e Event) {
	defer func() {
		if cause := recover(); cause != nil {
			b.note(fmt.Errorf("the output of %s panicked: %v; this is a bug in kops: please report it", e.Kind(), cause))
		}
	}()
	r := Record{Seq: seq, Time: time.Now(), Kind: e.Kind(), Event: b.mask(e)}
	for _, s := range b.sinks {
		b.note(s.Handle(r))
	}
	if len(b.events) == 0 {
		b.flush()
	}
}

// flush makes the sinks show what they were given. While events wait, there is no need: the
// last of them does it.
func (b *Bus) flush() {
	for _, s := range b.sinks {
		b.note(s.Flush())
	}
}

// note keeps the first few errors of sinks: a full disk would give one for each event.
func (b *Bus) note(err error) {
	if err != nil && len(b.errs) < 3 {
		b.errs = append(b.errs, err)
	}
}
