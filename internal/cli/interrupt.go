package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// untilSignal returns a context that ends with Ctrl-C, SIGTERM and a closed terminal, for commands that change nothing. A
// second signal ends the process.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, wantedSignals()...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// wantedSignals are those that interrupt a command: nohup and a shell's background jobs mean what they ignore.
func wantedSignals() []os.Signal {
	wanted := []os.Signal{syscall.SIGTERM}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	return wanted
}

// An interruption ends a run: once after the steps that are under way, twice at once.
type interruption struct {
	stop    chan struct{} // closed by the first
	end     context.CancelFunc
	streams Streams
	signals chan os.Signal
	pipes   chan os.Signal
	mu      sync.Mutex
	stopped bool
}

// interruptible has Ctrl-C, SIGTERM and a closed terminal interrupt the run. Whoever gets it calls
// release.
func interruptible(ctx context.Context, streams Streams) (context.Context, *interruption) {
	i := &interruption{stop: make(chan struct{}), streams: streams, signals: make(chan os.Signal, 2), pipes: make(chan os.Signal, 1)}
	ctx, i.end = context.WithCancel(ctx)
	signal.Notify(i.signals, wantedSignals()...)
	// Else a reader that goes away would end the process in the middle of a step. To ignore the signal
	// would have commands of connection: local ignore it too.
	signal.Notify(i.pipes, syscall.SIGPIPE)
	go i.listen(ctx)
	return ctx, i
}

func (i *interruption) listen(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-i.signals:
			if !i.first("") {
				i.end()
			}
		}
	}
}

// first interrupts the run, and tells whether nothing had done so before.
func (i *interruption) first(why string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return false
	}
	i.stopped = true
	close(i.stop)
	fmt.Fprintf(i.streams.Err, "\nkops: %sfinishing the steps that are under way; press Ctrl-C again to end at once\n", why)
	return true
}

func (i *interruption) release() {
	signal.Stop(i.signals)
	signal.Stop(i.pipes)
	i.end()
}

// watch returns standard output whose reader may go away, which interrupts the run.
func (i *interruption) watch(out io.Writer) io.Writer { return &watched{out: out, by: i} }

// A watched output is written by one goroutine.
type watched struct {
	out  io.Writer
	by   *interruption
	gone bool
}

// Write writes while there is somebody to read: a pipe whose other end is closed, a terminal that is
// gone. That a disk is full is an error.
func (w *watched) Write(p []byte) (int, error) {
	if w.gone {
		return len(p), nil
	}
	n, err := w.out.Write(p)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) {
		w.gone = true
		w.by.first("nobody reads the output any more: ")
		return len(p), nil
	}
	return n, err
}
