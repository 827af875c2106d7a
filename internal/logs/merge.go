package logs

import (
	"container/heap"
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// hold is how long an entry waits for older ones of other sources, where these have nothing written.
const hold = time.Second

// A head is what a source has given, the first of it not yet passed on.
type head struct {
	batch
	since time.Time // it is here
	order int       // of the source among all
}

// heads is a heap: the oldest entry first.
type heads []*head

func (h heads) Len() int      { return len(h) }
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h heads) Less(i, j int) bool {
	a, b := h[i].entries[0].Time, h[j].entries[0].Time
	if a.Equal(b) {
		return h[i].order < h[j].order
	}
	return a.Before(b)
}

// Push implements heap.Interface.
func (h *heads) Push(x any) { *h = append(*h, x.(*head)) }

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// A merger passes on the entries of all sources, the oldest first. It holds one batch of each.
type merger struct {
	sink    Sink
	in      chan batch
	order   map[*feed]int
	heads   heads
	awaited map[*feed]bool // sources that have to say something before anything can be passed on
	live    map[*feed]bool // sources that have nothing, and may have nothing for long
	failed  []Failure
}

// Show reads the sources and hands their entries to the sink, merged by time. It returns which could not be read, and an error
// only where the sink or ctx gives one. When a query follows, it ends with ctx. say tells what happens to hosts, failures too.
func Show(ctx context.Context, sources []*Source, q Query, sink Sink, say func(host, text string)) ([]Failure, error) {
	ctx, stop := context.WithCancel(ctx)
	m := &merger{sink: sink, in: make(chan batch), order: map[*feed]int{}, awaited: map[*feed]bool{}, live: map[*feed]bool{}}
	var feeds sync.WaitGroup
	var all []*feed
	for i, s := range sources {
		f := &feed{source: s, query: q, out: m.in, next: make(chan struct{}, 1), say: say}
		m.order[f], m.awaited[f] = i, true
		f.next <- struct{}{}
		all = append(all, f)
		feeds.Go(func() { f.run(ctx) })
	}
	err := m.run(ctx)
	stop()
	feeds.Wait()
	for _, f := range all {
		if f.gone != nil { // it did not come back
			m.failed = append(m.failed, Failure{Source: f.source, Err: f.gone})
		}
		if len(f.missed) > 0 {
			m.failed = append(m.failed, Failure{Source: f.source, Err: errors.New(f.what() + ": " + strings.Join(f.missed, "; "))})
		}
	}
	return m.failed, err
}

func (m *merger) run(ctx context.Context) error {
	for {
		wait, err := m.pass()
		if err != nil {
			return err
		}
		if len(m.awaited)+len(m.live)+len(m.heads) == 0 {
			return m.sink.Flush()
		}
		var later <-chan time.Time
		if wait > 0 {
			later = time.After(wait)
		}
		select {
		case b := <-m.in:
			m.take(b)
			continue
		default:
		}
		if err := m.sink.Flush(); err != nil {
			return err
		}
		select {
		case b := <-m.in:
			m.take(b)
		case <-later:
		case <-ctx.Done():
			return m.interrupted(ctx)
		}
	}
}

// interrupted passes on what is here, since it has been read.
func (m *merger) interrupted(ctx context.Context) error {
	for len(m.heads) > 0 {
		if err := m.pop(); err != nil {
			return err
		}
	}
	if err := m.sink.Flush(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// take takes a batch.
func (m *merger) take(b batch) {
	f := b.feed
	delete(m.awaited, f)
	delete(m.live, f)
	switch {
	case len(b.entries) > 0:
		heap.Push(&m.heads, &head{batch: b, since: time.Now(), order: m.order[f]})
	case !b.end:
		m.waitFor(b)
	}
	if b.end && b.err != nil {
		m.failed = append(m.failed, Failure{Source: f.source, Err: b.err})
	}
}

// waitFor asks the source for its next batch.
func (m *merger) waitFor(b batch) {
	if b.live {
		m.live[b.feed] = true
	} else {
		m.awaited[b.feed] = true
	}
	b.feed.next <- struct{}{}
}

// pass passes on what can be, and returns how long the next entry has to wait for others at most, 0 where that
// is not for time to decide.
func (m *merger) pass() (time.Duration, error) {
	for len(m.heads) > 0 && len(m.awaited) == 0 {
		if len(m.live) > 0 {
			if left := hold - time.Since(m.heads[0].since); left > 0 {
				return left, nil
			}
		}
		if err := m.pop(); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// pop passes on the oldest entry.
func (m *merger) pop() error {
	h := m.heads[0]
	e := h.entries[0]
	if h.entries = h.entries[1:]; len(h.entries) > 0 {
		heap.Fix(&m.heads, 0)
	} else {
		heap.Pop(&m.heads)
		if !h.end {
			m.waitFor(h.batch)
		}
	}
	if e.beat {
		return nil
	}
	return m.sink.Entry(e)
}
