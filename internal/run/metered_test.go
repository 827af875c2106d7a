package run

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/remote"
)

// A slow host reads half of what it is to take, and looks at the heartbeat.
type slow struct {
	remote.Host
	look func()
}

func (s slow) half(r io.Reader, size int64) error {
	_, err := io.CopyN(io.Discard, r, size/2)
	s.look()
	return err
}

func (s slow) WriteFile(_ context.Context, _ string, content io.Reader, opts remote.WriteOptions) error {
	return s.half(content, opts.Size)
}

func (s slow) WriteFiles(_ context.Context, files []remote.NewFile) error {
	r, err := files[0].Open()
	if err == nil {
		err = s.half(r, files[0].Size)
	}
	return err
}

func (s slow) Exec(_ context.Context, cmd remote.Command) (remote.Result, error) {
	return remote.Result{}, s.half(cmd.Stdin, 1000)
}

func TestHeartbeatTellsOfTransfers(t *testing.T) {
	content := func() io.ReadCloser { return io.NopCloser(strings.NewReader(strings.Repeat("x", 1000))) }
	many := remote.NewFile{Open: func() (io.ReadCloser, error) { return content(), nil }, WriteOptions: remote.WriteOptions{Size: 1000}}
	for name, tt := range map[string]struct {
		size int64
		send func(remote.Host) error
	}{
		"a file": {1000, func(h remote.Host) error {
			return h.WriteFile(t.Context(), "/x", content(), remote.WriteOptions{Size: 1000})
		}},
		"two files": {2000, func(h remote.Host) error { return h.WriteFiles(t.Context(), []remote.NewFile{many, many}) }},
		"an input": {0, func(h remote.Host) error {
			_, err := h.Exec(t.Context(), remote.Command{Stdin: content()})
			return err
		}},
	} {
		w := startWatch(time.Hour, func(event.Event) {})
		b := w.begin(1, "copy", "a")
		var seen event.Progress
		look := func() { seen = w.due(time.Now().Add(time.Hour))[0] }
		if err := tt.send(metered{slow{look: look}, b}); err != nil || seen.Sent != 500 || seen.Size != tt.size || seen.Sending <= 0 {
			t.Errorf("%s: the heartbeat says %+v, error %v", name, seen, err)
		}
		b.step("another")
		if p := w.due(time.Now().Add(2 * time.Hour))[0]; p.Sent != 0 {
			t.Errorf("%s: the next step has sent %d bytes", name, p.Sent)
		}
		b.end()
		w.stop()
	}
}

// The first time that a step says what it waits for is told at once, and from then on every heartbeat.
func TestHeartbeatOfWaiting(t *testing.T) {
	w := startWatch(time.Hour, func(event.Event) {})
	defer w.stop()
	b := w.begin(1, "task", "a")
	defer b.end()
	for _, look := range []struct {
		waits string
		after time.Duration
		want  string
	}{
		{"", 0, ""},
		{"for orders-3", 0, "for orders-3"},
		{"for orders-4", time.Minute, ""},
		{"for orders-5", time.Hour + time.Minute, "for orders-5"},
	} {
		if look.waits != "" {
			b.waits(look.waits)
		}
		said := ""
		for _, p := range w.due(time.Now().Add(look.after)) {
			said += p.Doing
		}
		if said != look.want {
			t.Errorf("%s later it says %q, want %q", look.after, said, look.want)
		}
	}
}
