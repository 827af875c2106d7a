package run

import (
	"sync"
	"time"

	"kops/internal/event"
)

// watch emits a heartbeat for whatever takes long, so that a run is never silent.
type watch struct {
	every time.Duration
	emit  func(event.Event)
	mu    sync.Mutex
	busy  map[*busy]struct{}
	done  chan struct{}
	wg    sync.WaitGroup
}

// busy is a task on a host that is under way.
type busy struct {
	w          *watch
	task       int
	name, host string
	since      time.Time
	next       time.Duration // the age at which the next heartbeat is due
	doing      string
	waiting    bool      // it has said that it waits
	said       string    // by the last heartbeat
	transfer   *transfer // what goes to the host, nil for nothing
}

func startWatch(every time.Duration, emit func(event.Event)) *watch {
	w := &watch{every: every, emit: emit, busy: map[*busy]struct{}{}, done: make(chan struct{})}
	w.wg.Go(w.loop)
	return w
}

func (w *watch) loop() {
	ticker := time.NewTicker(max(w.every/10, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-w.done:
			return
		case now := <-ticker.C:
			for _, p := range w.due(now) {
				w.emit(p)
			}
		}
	}
}

func (w *watch) due(now time.Time) []event.Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	var due []event.Progress
	for b := range w.busy {
		age := now.Sub(b.since)
		if age < b.next {
			continue
		}
		b.next += w.every
		b.said = b.doing
		p := event.Progress{Task: b.task, Name: b.name, Host: b.host, Elapsed: age, Doing: b.doing}
		p.Sent, p.Size, p.Sending = b.transfer.so()
		due = append(due, p)
	}
	return due
}

// begin registers work; the caller ends it.
func (w *watch) begin(task int, name, host string) *busy {
	b := &busy{w: w, task: task, name: name, host: host, since: time.Now(), next: w.every}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[b] = struct{}{}
	return b
}

func (b *busy) step(doing string) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.doing, b.transfer = doing, nil
}

// waits is step for a step that says by itself what it waits for: the first time it is told at once.
func (b *busy) waits(what string) {
	b.step(what)
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if !b.waiting && b.said != what {
		b.next = time.Since(b.since)
	}
	b.waiting = true
}

// sends begins to count a content of so many bytes, 0 where that is not known.
func (b *busy) sends(size int64) *transfer {
	t := &transfer{size: size, begun: time.Now()}
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.transfer = t
	return t
}

func (b *busy) end() {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	delete(b.w.busy, b)
}

func (w *watch) stop() {
	close(w.done)
	w.wg.Wait()
}
