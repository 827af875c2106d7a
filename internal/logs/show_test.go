package logs

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// day is the log of a day with rotated files of each kind of name.
func day(t *testing.T) string {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "server.log.2024-01-01-09.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	fmt.Fprint(z, "[2024-01-01 09:00:00,000] INFO #1 (a)\n[2024-01-01 09:30:00,000] ERROR #2 (a)\njava.io.IOException: no\n\tat a.b.C(C.java:1)\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "server.log.2024-01-01-10"), "[2024-01-01 10:00:00,000] INFO #3 (a)\n[2024-01-01 10:59:00,500] WARN #4 (a)\n\tat the end there is no end of line")
	write(t, filepath.Join(dir, "server.log.1"), "[2024-01-01 11:00:00,000] INFO #5 (a)\n")
	write(t, filepath.Join(dir, "server.log"), `[2024-01-01 12:00:00,000] INFO #6 (a)
[2024-01-01 12:00:01,000] ERROR [Broker id=1] it's #7 (a)
java.lang.IllegalStateException: needle
	at a.b.D(D.java:2)

Caused by: more
[2024-01-01 12:00:02,000] DEBUG #8 ERROR in a message (a)
2024-01-01T12:00:03.000 [myid:1] - FATAL  [main:Q@1] - #9 another layout
`)
	return filepath.Join(dir, "server.log")
}

// TestShow holds what is chosen, with each shell and awk that is here.
func TestShow(t *testing.T) {
	at := func(text string) time.Time {
		since, err := ParseSince(text, time.Now().UTC())
		if err != nil {
			t.Fatal(err)
		}
		return since
	}
	tests := []struct {
		name string
		q    Query
		want string
	}{
		{"the file alone", Query{Last: All}, "6 7 8 9"},
		{"the last two", Query{Last: 2}, "8 9"},
		{"more than the file has", Query{Last: 6}, "4 5 6 7 8 9"},
		{"more than there are", Query{Last: 100}, "1 2 3 4 5 6 7 8 9"},
		{"none", Query{Last: 0}, ""},
		{"since before all", Query{Last: All, Since: at("2023-01-01")}, "1 2 3 4 5 6 7 8 9"},
		{"since within a rotated file", Query{Last: All, Since: at("2024-01-01 10:59:00,500")}, "4 5 6 7 8 9"},
		{"since after it", Query{Last: All, Since: at("2024-01-01 10:59:00,501")}, "5 6 7 8 9"},
		{"since within the file", Query{Last: All, Since: at("2024-01-01T12:00:01Z")}, "7 8 9"},
		{"since the future", Query{Last: All, Since: at("2030-01-01")}, ""},
		{"the last of those since", Query{Last: 3, Since: at("2024-01-01 11:30")}, "7 8 9"},
		{"not so many since", Query{Last: 30, Since: at("2024-01-01 10:30")}, "4 5 6 7 8 9"},
		{"a level", Query{Last: All, Level: "WARN", Since: at("2023-01-01")}, "2 4 7 9"},
		{"the last of a level", Query{Last: 3, Level: "ERROR"}, "2 7 9"},
		{"a pattern in the first line", Query{Last: All, Grep: "#6|anot"}, "6 9"},
		{"a pattern in a line below", Query{Last: All, Grep: "needle"}, "7"},
		{"the last of a pattern", Query{Last: 2, Grep: "^[[].* (10:59|09:)"}, "2 4"},
		{"both", Query{Last: All, Grep: "#7", Level: "FATAL"}, ""},
	}
	file := day(t)
	for name, sh := range shells(t) {
		sh.env = []string{"TZ=UTC"}
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				c := &collector{}
				failed, err := Show(context.Background(), []*Source{source(t, "a", file, sh)}, tt.q, c, nil)
				if err != nil || len(failed) > 0 {
					t.Fatal(failed, err)
				}
				var got []string
				for _, e := range c.entries {
					_, id, _ := strings.Cut(e.Text, "#")
					got = append(got, id[:1])
				}
				if strings.Join(got, " ") != tt.want {
					t.Errorf("got %v, want %s\n%s", got, tt.want, c.text())
				}
				for _, e := range c.entries {
					if strings.Contains(e.Text, "#7") && !strings.HasSuffix(e.Text, "\tat a.b.D(D.java:2)\n\nCaused by: more") {
						t.Errorf("the stack trace is not whole: %q", e.Text)
					}
				}
			})
		}
	}
}
