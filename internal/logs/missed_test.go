package logs

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kops/internal/remote"
)

// damaged is a day of which one rotated file may not be read, one ends too early and one is none. It returns a folder that
// nobody can read all of.
func damaged(t *testing.T) string {
	file := day(t)
	dir := filepath.Dir(file)
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	packed := filepath.Join(dir, "server.log.2024-01-01-09.gz")
	full, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"server.log.2024-01-01-09.gz": string(full[:len(full)-4]), "server.log.0.gz": "not compressed"} {
		write(t, filepath.Join(dir, name), text)
	}
	for name, at := range map[string]struct {
		mode os.FileMode
		hour int
	}{"server.log": {0o644, 12}, "server.log.1": {0, 11}, "server.log.2024-01-01-10": {0o644, 10}, "server.log.2024-01-01-09.gz": {0o644, 9}, "server.log.0.gz": {0o644, 8}} {
		path, changed := filepath.Join(dir, name), time.Date(2024, 1, 1, at.hour, 59, 59, 0, time.UTC)
		if err := errors.Join(os.Chmod(path, at.mode), os.Chtimes(path, changed, changed)); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// TestMissed holds that a rotated file that would be wanted and cannot be read is named, that the rest comes, and that no file
// is named that is not wanted.
func TestMissed(t *testing.T) {
	since := func(hour int) time.Time { return time.Date(2024, 1, 1, hour, 0, 1, 0, time.UTC) }
	tests := []struct {
		name   string
		q      Query
		want   string
		missed []string // by the end of their names, in the order of time
	}{
		{"all", Query{Last: All, Since: since(1)}, "1 2 3 4 6 7 8 9", []string{"0.gz", "09.gz", "log.1"}},
		{"since within a good one", Query{Last: All, Since: since(10)}, "4 6 7 8 9", []string{"log.1"}},
		{"since after them", Query{Last: All, Since: since(12)}, "7 8 9", nil},
		{"the file alone", Query{Last: All}, "6 7 8 9", nil},
		{"so many as are in the file", Query{Last: 4}, "6 7 8 9", nil},
		{"more", Query{Last: 5}, "4 6 7 8 9", []string{"log.1"}},
		{"chosen ones", Query{Last: All, Since: since(1), Level: "ERROR"}, "2 7 9", []string{"0.gz", "09.gz", "log.1"}},
	}
	file := damaged(t)
	for name, sh := range shells(t) {
		sh.env = []string{"TZ=UTC"}
		if os.Getuid() == 0 {
			sh.user = &syscall.Credential{Uid: 65534, Gid: 65534} // root may read everything
		}
		for _, tt := range tests {
			t.Run(name+"/shown/"+tt.name, func(t *testing.T) {
				c, said := &collector{}, ""
				failed, err := Show(context.Background(), []*Source{source(t, "a", file, sh)}, tt.q, c, func(_, text string) { said += text })
				if err != nil {
					t.Fatal(err)
				}
				checkMissed(t, failed, said, tt.missed)
				if got := ids(c.text()); got != tt.want {
					t.Errorf("got %s, want %s\n%s", got, tt.want, c.text())
				}
			})
			t.Run(name+"/followed/"+tt.name, func(t *testing.T) {
				f := follow(t, tt.q, source(t, "a", file, sh))
				until(t, tt.want, func() bool {
					return ids(f.text()) == tt.want && strings.Count(f.saying(), "read /") == len(tt.missed)
				})
				said := strings.ReplaceAll(f.saying(), "\n", "; ")
				f.end()
				checkMissed(t, f.failed, said, tt.missed)
			})
			t.Run(name+"/fetched/"+tt.name, func(t *testing.T) {
				dir, said, done := t.TempDir(), "", 0
				for _, mask := range []func(string) string{nil, strings.ToUpper} {
					said = ""
					failed := Fetch(context.Background(), []*Source{source(t, "a", file, sh)}, tt.q, FetchOptions{
						Dir: dir, Mask: mask, Say: func(_, text string) { said += text }, Done: func(Fetched) { done++ },
					})
					checkMissed(t, failed, said, tt.missed)
					if got := ids(unpacked(t, filepath.Join(dir, "a", "server.log.gz"))); got != tt.want {
						t.Errorf("got %s, want %s", got, tt.want)
					}
				}
				if done != 2 {
					t.Errorf("done %d times", done)
				}
			})
		}
	}
}

func checkMissed(t *testing.T, failed []Failure, said string, missed []string) {
	t.Helper()
	if len(failed) != min(len(missed), 1) {
		t.Fatalf("failed: %v", failed)
	}
	for _, f := range failed {
		for _, text := range []string{f.Err.Error(), said} {
			rest := text
			for _, name := range missed {
				var ok bool
				if _, rest, ok = strings.Cut(rest, name+": "); !ok {
					t.Errorf("%s is not named in its place: %s", name, text)
				}
			}
			if strings.Contains(text, "\n") || strings.Contains(text, "\x01") || strings.Contains(text, "log.1:") != strings.Contains(text, "must not read it") {
				t.Errorf("it says %q", text)
			}
		}
		var unreachable *remote.ConnectError
		if errors.As(f.Err, &unreachable) {
			t.Errorf("the host is there: %v", f.Err)
		}
	}
	if len(missed) == 0 && said != "" {
		t.Errorf("said %s", said)
	}
}

// ids are those behind the # of entries.
func ids(text string) string {
	var all []string
	for _, after := range strings.Split(text, "#")[1:] {
		all = append(all, after[:1])
	}
	return strings.Join(all, " ")
}

func unpacked(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
