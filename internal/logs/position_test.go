package logs

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"kops/internal/remote"
)

// A broken host gives a stream after the other. Each but the last ends with the connection, the last stays open. At a NUL byte
// it is still for a while.
type broken struct {
	mu      sync.Mutex
	streams []string
	scripts []string
	open    chan struct{}
}

func (b *broken) Stream(_ context.Context, _, script string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.streams[0]
	b.scripts = append(b.scripts, script)
	var parts []io.Reader
	for i, part := range strings.Split(text, "\x00") {
		if i > 0 {
			parts = append(parts, still{})
		}
		parts = append(parts, strings.NewReader(part))
	}
	if b.streams = b.streams[1:]; len(b.streams) == 0 {
		parts = append(parts, waiting(b.open))
	} else {
		parts = append(parts, still{}, lost{})
	}
	return io.NopCloser(io.MultiReader(parts...)), nil
}

// asked is the script of a reading, by its number.
func (b *broken) asked(i int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.scripts[i]
}

type waiting chan struct{}

func (w waiting) Read([]byte) (int, error) {
	<-w
	return 0, io.EOF
}

type still struct{}

// Read ends a while after what came before, which is flushed meanwhile.
func (still) Read([]byte) (int, error) {
	<-time.After(2 * pause)
	return 0, io.EOF
}

type lost struct{}

func (lost) Read([]byte) (int, error) {
	return 0, &remote.ConnectError{Host: "a", Reason: remote.ConnectionLost}
}

// TestResume holds that each line is shown once where the connection breaks somewhere.
func TestResume(t *testing.T) {
	const live = "\x01kops live\n"
	head := func(second, id string) string { return "[2024-01-01 00:00:0" + second + ",000] WARN " + id + "\n" }
	trace := head("1", "a") + "\tat a.1\n\tat a.2\n"
	for _, tt := range []struct {
		name    string
		streams []string
		want    string
	}{
		{"in a stack trace", []string{live + head("1", "a") + "\tat a.1\n", trace + live + head("2", "b")}, trace + head("2", "b")},
		{"in a stack trace of the history", []string{head("1", "a") + "\tat a.1\n", trace + live}, trace},
		{"in a line", []string{live + head("1", "a") + "\tat a.", trace + live}, trace},
		{"in the first line", []string{live + head("1", "a") + head("1", "b")[:30], head("1", "a") + head("1", "b") + live}, head("1", "a") + head("1", "b")},
		{"after a stack trace, with another entry of its time", []string{live + trace, trace + head("1", "b") + live}, trace + head("1", "b")},
		{"after an entry that came in parts", []string{live + head("1", "a") + "\tat a.1\n\x00\tat a.2\n", trace + head("1", "b") + live}, trace + head("1", "b")},
		{"twice", []string{live + head("1", "a"), head("1", "a") + "\tat a.1\n", trace + head("1", "b") + live}, trace + head("1", "b")},
		{"before it is where it was", []string{live + trace + head("1", "b"), trace, trace + head("1", "b") + head("1", "c") + live}, trace + head("1", "b") + head("1", "c")},
		{"where times go back", []string{live + head("2", "a") + head("1", "b") + head("2", "c") + head("1", "d"),
			head("2", "a") + head("1", "b") + head("2", "c") + head("1", "d") + "\tat d\n" + head("1", "e") + live},
			head("2", "a") + head("1", "b") + head("2", "c") + head("1", "d") + "\tat d\n" + head("1", "e")},
		{"later than what is there", []string{live + head("1", "a"), head("2", "b") + live}, head("1", "a") + head("2", "b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := &broken{streams: tt.streams, open: make(chan struct{})}
			defer close(host.open)
			f := follow(t, Query{Last: 20}, &Source{Host: "a", Path: "/x", Connect: func(context.Context) (Streamer, error) { return host, nil }})
			got := ""
			defer func() {
				if got != tt.want {
					t.Errorf("got\n%swant\n%s", got, tt.want)
				}
			}()
			until(t, "all is shown", func() bool {
				got = strings.ReplaceAll(f.text(), "a: ", "")
				return len(got) >= len(tt.want)
			})
		})
	}
}

// TestResumeBeforeAnything holds that what was written while the host was away comes where nothing had been shown before.
func TestResumeBeforeAnything(t *testing.T) {
	host := &broken{streams: []string{"\x01kops now 2024-01-01 00:00:05\n\x01kops live\n", "\x01kops now 2024-01-01 00:00:09\n" + entry(7, "1") + "\x01kops live\n" + entry(6, "2")}, open: make(chan struct{})}
	f := follow(t, Query{Last: 0}, &Source{Host: "a", Path: "/x", Connect: func(context.Context) (Streamer, error) { return host, nil }})
	defer close(host.open)
	f.shows(t, "1 2")
	if !strings.Contains(host.asked(1), "since='2024-01-01 00:00:05,000'") || !strings.Contains(host.asked(1), "n=''") {
		t.Errorf("it is not read from where it was: %.200s", host.asked(1))
	}
}
