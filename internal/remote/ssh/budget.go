package ssh

import (
	"context"
	"sync"
	"time"
)

// maxSessions is how many sessions are held on one connection. sshd allows 10 by default.
const maxSessions = 8

// evictWait is how long an idle shell may take to end when its input ends.
const evictWait = time.Second

// A budget counts the sessions of a connection. Idle ones are closed, the least recently
// used first, when there is no room for another.
type budget struct {
	mu    sync.Mutex
	limit int
	held  int
	idle  []*process    // least recently used first
	room  chan struct{} // closed and replaced when something changes

	pins   int  // sessions held that are pinned
	single bool // the host allows one session: what is pinned has to go for another
}

func newBudget() *budget { return &budget{limit: maxSessions, room: make(chan struct{})} }

// take waits until there is room for one more session.
func (b *budget) take(ctx context.Context) error {
	for {
		b.mu.Lock()
		if b.held < b.limit {
			b.held++
			b.mu.Unlock()
			return nil
		}
		victim, room := b.victim(), b.room
		b.mu.Unlock()
		if victim != nil {
			victim.evict()
			continue
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// takeFree is take for what is not needed yet: it neither waits nor closes anything.
func (b *budget) takeFree() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held >= b.limit || b.unused() != nil {
		return false
	}
	b.held++
	return true
}

// prepared takes the session that was opened ahead, if there is one.
func (b *budget) prepared() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.unused()
	if p != nil {
		b.forget(p)
		p.opened = false
	}
	return p
}

// unused is the session that was opened ahead. The lock is held.
func (b *budget) unused() *process {
	for _, p := range b.idle {
		if p.opened {
			return p
		}
	}
	return nil
}

// put gives back what take took.
func (b *budget) put() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held--
	b.changed()
}

// shrink lowers the limit after the host refused a session, closes what is idle, and
// waits for a change, or a moment: the caller tries again, holding what it took. After a while of
// refusals it is not that a session which has been closed is still counted: the host has
// no room beside what is pinned.
func (b *budget) shrink(ctx context.Context, moment time.Duration, aWhile bool) error {
	b.mu.Lock()
	b.single = b.single || aWhile && b.pins > 0 && b.held == b.pins+1
	least := 1
	if !b.single {
		least += b.pins
	}
	b.limit = max(least, min(b.limit, b.held-1))
	victim, room := b.victim(), b.room
	b.mu.Unlock()
	if victim != nil {
		victim.evict()
		return nil
	}
	select {
	case <-room:
	case <-time.After(moment):
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// victim takes the session that was opened ahead, or else the least recently used idle one. One
// that is pinned goes only where the host allows no second one. The lock is held.
func (b *budget) victim() *process {
	if p := b.unused(); p != nil {
		b.forget(p)
		return p
	}
	for _, p := range b.idle {
		if !p.pinned || b.single {
			b.forget(p)
			return p
		}
	}
	return nil
}

// pin keeps a session when it is idle.
func (b *budget) pin(p *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !p.pinned && !p.freed {
		p.pinned = true
		b.pins++
	}
}

// evict ends an idle session: a shell ends when its input does, and only then does the
// host have room for another.
func (p *process) evict() {
	if !p.opened {
		_ = p.ch.CloseWrite() // a session that is gone already is what is wanted
		select {
		case <-p.exited:
		case <-time.After(evictWait):
		}
	}
	_ = p.Close()
}

// free counts the session as ended, once.
func (b *budget) free(p *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.freed {
		return
	}
	p.freed = true
	b.forget(p)
	b.held--
	if p.pinned {
		b.pins--
	}
	b.changed()
}

func (b *budget) release(p *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !p.freed && !p.idle {
		p.idle = true
		b.idle = append(b.idle, p)
		b.changed()
	}
}

func (b *budget) claim(p *process) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.freed || !p.idle {
		return false
	}
	b.forget(p)
	return true
}

func (b *budget) forget(p *process) {
	for i, q := range b.idle {
		if q == p {
			b.idle = append(b.idle[:i:i], b.idle[i+1:]...)
			break
		}
	}
	p.idle = false
}

func (b *budget) changed() {
	close(b.room)
	b.room = make(chan struct{})
}
