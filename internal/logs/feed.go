package logs

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"kops/internal/remote"
)

// A batch is what a source gives to the merger at once.
type batch struct {
	feed    *feed
	entries []Entry
	live    bool  // there is no history left: what does not come is not written yet
	end     bool  // nothing will come any more
	err     error // why not
}

// mostBatch is how many entries a batch has.
const mostBatch = 256

// A feed reads one source.
type feed struct {
	source *Source
	query  Query
	out    chan<- batch
	next   chan struct{} // the merger wants the next batch
	say    func(host, text string)

	live   bool     // there is no history left
	bare   bool     // there were entries without a time
	gone   error    // why the host is gone, which was said
	at     position // of the last line that was read
	clock  string   // the host's, when the reading began
	began  string   // the first of these whose history was read to its end
	missed []string // what cannot be read, which was said

	batch []Entry
}

// run reads the source and gives what it reads to the merger, until the end.
func (f *feed) run(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, retryMost) {
		before := f.at
		err := f.read(ctx)
		f.give(ctx, batch{live: f.live})
		if !f.query.Follow || ctx.Err() != nil || !retried(err) {
			if err != nil && ctx.Err() == nil {
				f.say(f.source.Host, err.Error())
				f.gone = nil // for good
			}
			f.give(ctx, batch{end: true, err: err})
			return
		}
		if f.at != before {
			wait = time.Second
		}
		if f.gone == nil {
			f.say(f.source.Host, err.Error()+"; it is tried again")
		}
		f.gone = err
		f.give(ctx, batch{live: true}) // the others do not wait for it
		f.live = true
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// retryMost is the longest time between two attempts.
const retryMost = 30 * time.Second

// retried tells whether a host may come back.
func retried(err error) bool {
	var c *remote.ConnectError
	var silent *remote.SilentError
	if errors.As(err, &c) {
		switch c.Reason {
		case remote.Refused, remote.TimedOut, remote.Unroutable, remote.ConnectionLost, remote.JumpFailed:
			return true
		}
		return false
	}
	return errors.As(err, &silent)
}

// read reads once, from the beginning or from where it was.
func (f *feed) read(ctx context.Context) error {
	host, err := f.source.Connect(ctx)
	if err != nil {
		return err
	}
	query := f.query
	if f.bare {
		query.Last = 0
	}
	if f.at.stamp == "" {
		f.at = position{}
		if !f.bare {
			f.at.stamp = f.began
		}
	}
	r, err := host.Stream(ctx, f.what(), query.script(f.source.Path, f.at.stamp, false))
	if err != nil {
		return err
	}
	defer r.Close()
	if f.gone != nil {
		f.gone = nil
		f.say(f.source.Host, "it is back")
	}
	now := position{stamp: f.at.stamp}
	a := &assembler{source: f.source, zone: time.UTC, out: f.entry, fresh: func(stamp string, stamped bool) bool {
		now.pass(stamp, stamped)
		if !now.beyond(f.at) { // it was read before the reading was resumed
			return false
		}
		f.at = now
		return true
	}}
	chunks, failed := make(chan []byte), make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() { failed <- lines(reading, r, chunks) }()
	return tidied(f.assemble(ctx, a, chunks, failed))
}

// what is what is done, for errors.
func (f *feed) what() string { return "read " + f.source.Path }

// pause is how long a log must be still for its last entry to be complete.
const pause = 200 * time.Millisecond

// assemble makes entries of what is read.
func (f *feed) assemble(ctx context.Context, a *assembler, chunks <-chan []byte, failed <-chan error) error {
	var still <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-still:
			still = nil
			a.flush()
			f.give(ctx, batch{live: f.live})
		case chunk := <-chunks:
			for line := range bytes.Lines(chunk) {
				line = bytes.TrimSuffix(line, []byte("\n"))
				if mark, ok := bytes.CutPrefix(line, []byte("\x01kops ")); !ok || !f.mark(ctx, string(mark)) {
					a.line(line)
				}
				if len(f.batch) >= mostBatch {
					f.give(ctx, batch{live: f.live})
				}
			}
			if len(f.next) > 0 { // what is here need not wait for more
				f.give(ctx, batch{live: f.live})
			}
			if f.live {
				still = time.After(pause)
			}
		case err := <-failed:
			a.flush()
			if err == io.EOF {
				err = nil
			}
			return err
		}
	}
}

// mark takes what the script says to kops where that is about the source as a whole.
func (f *feed) mark(ctx context.Context, text string) bool {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "now":
		f.clock = rest + ",000"
	case "live":
		f.began = cmp.Or(f.began, f.clock)
		f.give(ctx, batch{live: true})
		f.live = true
	case "missed":
		if !slices.Contains(f.missed, rest) {
			f.missed = append(f.missed, rest)
			f.say(f.source.Host, f.what()+": "+rest)
		}
	default:
		return false
	}
	return true
}

// entry puts an entry into the batch.
func (f *feed) entry(e Entry) {
	f.bare = f.bare || e.Time.IsZero()
	f.batch = append(f.batch, e)
}

// give hands a batch to the merger once that has used the one before.
func (f *feed) give(ctx context.Context, b batch) {
	if len(f.batch) == 0 && !b.end && b.live == f.live {
		return
	}
	b.feed, b.entries, f.batch = f, f.batch, nil
	select {
	case <-f.next:
	case <-ctx.Done():
		return
	}
	select {
	case f.out <- b:
	case <-ctx.Done():
	}
}

// mostLine is how long a line may be. What is longer is taken for several.
const mostLine = 1 << 20

// lines reads whole lines, many at a time. It ends with the reason, io.EOF for the end.
func lines(ctx context.Context, r io.Reader, out chan<- []byte) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		head, _ := in.Peek(in.Buffered())
		n := bytes.LastIndexByte(head, '\n') + 1
		var chunk []byte
		if n > 0 {
			chunk = bytes.Clone(head[:n])
			_, _ = in.Discard(n) // it is there
		}
		for n == 0 { // a line that is not there as a whole
			line, err := in.ReadSlice('\n')
			if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
				return err // a part of a line: it comes again as a whole
			}
			chunk = append(chunk, line...)
			if err != bufio.ErrBufferFull || len(chunk) >= mostLine {
				break // another error comes again
			}
		}
		select {
		case out <- chunk:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
