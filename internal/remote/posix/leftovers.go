package posix

import (
	"context"
	"sync"
)

// leftovers are the removals of temporary files that could not be done when their writes failed,
// since the connection was gone.
type leftovers struct {
	mu    sync.Mutex
	calls []call
}

func (l *leftovers) add(c call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

func (l *leftovers) take() []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.calls
	l.calls = nil
	return out
}

// removeTemp tries to remove the temporary file.
func (h *Host) removeTemp(w *write) { h.remove(w.locate() + `rm -f -- "$t"`) }

// remove runs a script that removes what is temporary. Where the host cannot be reached, it does so
// when a shell is next opened there, at the latest before the connection is given up.
func (h *Host) remove(script string) {
	c := call{what: "remove a temporary file", script: script, reads: true, limit: removeLimit}
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	if _, err := h.run(ctx, c); err != nil {
		h.left.add(c)
	}
}

// sweep removes what was left, in a shell that has just been opened.
func (h *Host) sweep(ctx context.Context) error {
	calls := h.left.take()
	for i, c := range calls {
		if _, err := h.shell.run(ctx, h, c); err != nil {
			for _, c := range calls[i:] {
				h.left.add(c)
			}
			return err
		}
	}
	return nil
}

// lastSweep opens a shell where something is left, once more.
func (h *Host) lastSweep() {
	calls := h.left.take()
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	for _, c := range calls {
		_, _ = h.run(ctx, c) // a later run that writes into that folder removes what is old
	}
}
