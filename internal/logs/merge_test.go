package logs

import (
	"context"
	"io"
	"strings"
	"testing"
)

// said is a host whose output is given.
type said string

func (s said) Stream(context.Context, string, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(s))), nil
}

// TestMerge holds the order of entries of several hosts: by time, whatever their zones, and for one time that of the hosts.
func TestMerge(t *testing.T) {
	many := strings.Builder{}
	for i := range 3 * mostBatch {
		many.WriteString(entry(i, "m"))
	}
	for _, tt := range []struct {
		name string
		logs []said
		want string // the hosts
	}{
		{"in turns", []said{said(entry(1, "") + entry(3, "")), said(entry(2, "") + entry(4, ""))}, "abab"},
		{"one time", []said{said(entry(1, "") + entry(1, "")), said(entry(1, ""))}, "aab"},
		{"one is empty", []said{"", said(entry(2, "")), said(entry(1, ""))}, "cb"},
		{"zones", []said{said("\x01kops zone -0100\n" + entry(1, "")), said("\x01kops zone +0000\n" + entry(2, ""))}, "ba"},
		{"without times first", []said{said(entry(1, "")), said("x\n" + entry(2, ""))}, "bab"},
		{"beats", []said{said(entry(1, "") + "\x01kops at 2024-01-01 00:00:03,000\n" + entry(5, "")), said("\x01kops at 2024-01-01 00:00:02,000\n" + entry(4, ""))}, "aba"},
		{"more than a batch", []said{said(many.String()), said(entry(2, "") + entry(2*mostBatch, ""))}, "aaab" + strings.Repeat("a", 2*mostBatch-2) + "b" + strings.Repeat("a", mostBatch-1)},
	} {
		var sources []*Source
		for i, log := range tt.logs {
			sources = append(sources, &Source{Host: string(rune('a' + i)), Connect: func(context.Context) (Streamer, error) { return log, nil }})
		}
		c := &collector{}
		failed, err := Show(context.Background(), sources, Query{Last: All}, c, nil)
		if err != nil || len(failed) > 0 {
			t.Error(tt.name, failed, err)
		}
		got := ""
		for _, e := range c.entries {
			got += e.Source.Host
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
