package logs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kops/internal/remote"
)

// A follower is a query that follows, until the test ends it.
type follower struct {
	collector
	stop   context.CancelFunc
	done   chan struct{}
	failed []Failure
	err    error

	mu   sync.Mutex
	said []string
}

func follow(t *testing.T, q Query, sources ...*Source) *follower {
	ctx, stop := context.WithCancel(context.Background())
	f := &follower{stop: stop, done: make(chan struct{})}
	q.Follow = true
	go func() {
		defer close(f.done)
		f.failed, f.err = Show(ctx, sources, q, f, func(host, text string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.said = append(f.said, host+": "+text)
		})
	}()
	t.Cleanup(f.end)
	return f
}

func (f *follower) end() {
	f.stop()
	<-f.done
}

func (f *follower) saying() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.said, "\n")
}

// shows waits until exactly these entries have come, by the ids behind their #.
func (f *follower) shows(t *testing.T, want string) {
	t.Helper()
	got := ""
	defer func() {
		if t.Failed() {
			t.Logf("got %s; said %s", got, f.saying())
		}
	}()
	until(t, want, func() bool {
		var ids []string
		for line := range strings.Lines(f.text()) {
			if _, id, ok := strings.Cut(line, "#"); ok {
				ids = append(ids, strings.TrimSpace(id))
			}
		}
		got = strings.Join(ids, " ")
		return got == want
	})
}

// entry is a line with an id, at a second of an hour.
func entry(second int, id string) string {
	return fmt.Sprintf("[2024-01-01 00:%02d:%02d,000] INFO #%s\n", second/60, second%60, id)
}

// TestFollowWhatIsNew holds that no entry that is there already is shown where none is asked for.
func TestFollowWhatIsNew(t *testing.T) {
	for name, sh := range shells(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh.env = []string{"TZ=UTC"}
			file := filepath.Join(t.TempDir(), "server.log")
			write(t, file, strings.ReplaceAll(entry(1, "1")+entry(2, "2"), "INFO", "WARN"))
			f := follow(t, Query{Last: 0, Level: "WARN"}, source(t, "a", file, sh))
			until(t, "it follows", func() bool { return sh.alive() })
			<-time.After(pause)
			appendTo(t, file, entry(3, "3")+strings.ReplaceAll(entry(4, "4"), "INFO", "WARN"))
			f.shows(t, "4")
		})
	}
}

func TestFollow(t *testing.T) {
	for name, sh := range shells(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh.env = []string{"TZ=UTC"}
			dir := t.TempDir()
			file := filepath.Join(dir, "server.log")
			write(t, file, entry(0, "0")+entry(1, "1")+entry(2, "2")+"\tat somewhere\n")
			f := follow(t, Query{Last: 2}, source(t, "a", file, sh))
			f.shows(t, "1 2")
			appendTo(t, file, "\tand more\n"+entry(3, "3"))
			f.shows(t, "1 2 3")
			if !strings.Contains(f.text(), "#2\n\tat somewhere\n") || !strings.Contains(f.text(), "and more") {
				t.Errorf("a line is lost:\n%s", f.text())
			}
			// Rotated as log4j does it, with something written just before.
			appendTo(t, file, entry(4, "4"))
			if err := os.Rename(file, file+".1"); err != nil {
				t.Fatal(err)
			}
			write(t, file, entry(5, "5"))
			f.shows(t, "1 2 3 4 5")
			appendTo(t, file, entry(6, "6"))
			f.shows(t, "1 2 3 4 5 6")
			// Twice before anybody looks.
			for i, name := range []string{".2", ".3"} {
				appendTo(t, file, entry(10+i, "r"+name))
				if err := os.Rename(file, file+name); err != nil {
					t.Fatal(err)
				}
			}
			write(t, file, entry(20, "8")+entry(21, "9"))
			f.shows(t, "1 2 3 4 5 6 r.2 r.3 8 9")
			// Truncated, as logrotate's copytruncate does it.
			if err := os.Truncate(file, 0); err != nil {
				t.Fatal(err)
			}
			appendTo(t, file, entry(30, "7"))
			f.shows(t, "1 2 3 4 5 6 r.2 r.3 8 9 7")
			f.end()
			until(t, "the script has ended", func() bool { return !sh.alive() })
			if f.err != context.Canceled || len(f.failed) > 0 || f.saying() != "" {
				t.Errorf("the end: %v %v %s", f.err, f.failed, f.saying())
			}
		})
	}
}

// TestFollowFilter holds that what is chosen is so in what is written later too, where an entry is known to match only by a
// line below its first.
func TestFollowFilter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.log")
	f := follow(t, Query{Last: All, Grep: "needle", Level: "WARN"}, source(t, "a", file, nil)) // it is not there yet
	write(t, file, entry(1, "1 needle"))
	appendTo(t, file, strings.Replace(entry(2, "2"), "INFO", "WARN", 1)+"\tat a\n\tat needle\n\tat b\n"+entry(3, "3"))
	f.shows(t, "2")
	if want := "\tat a\n\tat needle\n\tat b\n"; !strings.HasSuffix(f.text(), want) {
		t.Errorf("got %q", f.text())
	}
}

// TestFollowResumes holds that nothing is lost or shown twice where the connection is lost, and that other hosts go on.
func TestFollowResumes(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	write(t, a, entry(1, "a1")+entry(2, "a2")+entry(2, "a3"))
	write(t, b, entry(1, "b1"))
	sh := &shell{t: t, env: []string{"TZ=UTC"}}
	var mu sync.Mutex
	down := false
	sa := source(t, "a", a, sh)
	sa.Connect = func(context.Context) (Streamer, error) {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return nil, &remote.ConnectError{Host: "a", Reason: remote.Refused}
		}
		return sh, nil
	}
	set := func(is bool) {
		mu.Lock()
		defer mu.Unlock()
		down = is
	}
	f := follow(t, Query{Last: All}, sa, source(t, "b", b, &shell{t: t, env: sh.env}))
	f.shows(t, "a1 b1 a2 a3")
	set(true)
	sh.cut()
	until(t, "it is said", func() bool {
		return strings.Contains(f.saying(), "a: here: connection lost: it was cut; it is tried again")
	})
	appendTo(t, b, entry(3, "b2"))
	f.shows(t, "a1 b1 a2 a3 b2")
	appendTo(t, a, entry(2, "a4")+entry(4, "a5"))
	if err := os.Rename(a, a+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, a, entry(5, "a6"))
	set(false)
	f.shows(t, "a1 b1 a2 a3 b2 a4 a5 a6")
	if n := strings.Count(f.saying(), "\n"); n != 1 || !strings.HasSuffix(f.saying(), "a: it is back") {
		t.Errorf("said:\n%s", f.saying())
	}
	// What will not come back is reported and given up, the other goes on.
	sa.Connect = func(context.Context) (Streamer, error) {
		return nil, &remote.ConnectError{Host: "a", Reason: remote.AuthFailed}
	}
	sh.cut()
	until(t, "it is said", func() bool { return strings.HasSuffix(f.saying(), "a: a: authentication failed") })
	appendTo(t, b, entry(6, "b3"))
	f.shows(t, "a1 b1 a2 a3 b2 a4 a5 a6 b3")
	f.end()
	var c *remote.ConnectError
	if len(f.failed) != 1 || !errors.As(f.failed[0].Err, &c) {
		t.Errorf("failed: %v", f.failed)
	}
}
