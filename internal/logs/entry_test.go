package logs

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestStamp(t *testing.T) {
	for _, tt := range []struct{ line, stamp, level string }{
		{"[2024-01-01 00:00:00,123] WARN [Broker id=1] odd (kafka)", "2024-01-01 00:00:00,123", "WARN"},
		{"[2024-01-01T00:00:00.123+0000][gc] INFO x", "2024-01-01 00:00:00,123", "INFO"},
		{"2024-01-01 00:00:00,123 [myid:1] - ERROR  [main:QuorumPeer@1] - no", "2024-01-01 00:00:00,123", "ERROR"},
		{"2024-12-31 23:59:59 [INFO] no thousandths", "2024-12-31 23:59:59,000", "INFO"},
		{"[2024-01-01 00:00:00,123] TRACE Controller ERROR said (x)", "2024-01-01 00:00:00,123", "TRACE"},
		{"[2024-01-01 00:00:00,123] WARNING of another kind", "2024-01-01 00:00:00,123", ""},
		{"[2024-01-01 00:00:00,123]", "2024-01-01 00:00:00,123", ""},
		{"\tat kafka.Kafka.main(Kafka.scala:1)", "", ""},
		{"2024-01-01", "", ""},
		{"[9024-01-01 00:00:00,123] INFO x", "", ""},
		{"", "", ""},
	} {
		at, rest, ok := stamp([]byte(tt.line))
		if at != tt.stamp || ok != (tt.stamp != "") || level(rest) != tt.level {
			t.Errorf("%q: %q, %q", tt.line, at, level(rest))
		}
	}
}

// TestAssemble holds what makes an entry, in which zone its time is, and that long ones come in parts.
func TestAssemble(t *testing.T) {
	long := strings.Repeat("x", mostText*2/3)
	input := "\x01kops zone +0530\nno time\nnor here\n[2024-01-01 00:00:00,123] INFO a\r\n\tb\r\n\n[2024-01-01 00:00:01,000] WARN c\n" + long + "\n" + long + "\n" + long + "\n[2024-01-01 00:00:02,000] INFO d"
	var got []string
	var times []time.Time
	a := &assembler{zone: time.UTC, out: func(e Entry) {
		got, times = append(got, e.Level+" "+e.Text), append(times, e.Time)
	}}
	chunks := make(chan []byte)
	go func() {
		defer close(chunks)
		if err := lines(context.Background(), iotest.OneByteReader(strings.NewReader(input)), chunks); err != io.EOF {
			t.Error(err)
		}
	}()
	for chunk := range chunks {
		for line := range bytes.Lines(chunk) {
			a.line(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	a.flush()
	want := []string{" no time", " nor here", "INFO [2024-01-01 00:00:00,123] INFO a\n\tb\n", "WARN [2024-01-01 00:00:01,000] WARN c\n" + long + "\n" + long, "WARN " + long, "INFO [2024-01-01 00:00:02,000] INFO d"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %d entries: %.300q", len(got), got)
	}
	if !times[0].IsZero() || !times[2].Equal(time.Date(2023, 12, 31, 18, 30, 0, 123e6, time.UTC)) {
		t.Errorf("times %v", times)
	}
}

func TestParseSince(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	now := time.Date(2024, 3, 10, 15, 0, 0, 0, zone)
	for text, want := range map[string]string{
		"90s": "2024-03-10T14:58:30+02:00", "2h30m": "2024-03-10T12:30:00+02:00", "3d": "2024-03-07T15:00:00+02:00", "1d12h": "2024-03-09T03:00:00+02:00", "0s": "2024-03-10T15:00:00+02:00",
		"14:30": "2024-03-10T14:30:00+02:00", "14:30:05": "2024-03-10T14:30:05+02:00", "23:50": "2024-03-09T23:50:00+02:00", "2024-01-31": "2024-01-31T00:00:00+02:00", "2024-01-31 14:30": "2024-01-31T14:30:00+02:00",
		"2024-01-31 14:30:05,123": "2024-01-31T14:30:05.123+02:00", "2024-01-31T14:30:05": "2024-01-31T14:30:05+02:00", "2024-01-31T14:30:05Z": "2024-01-31T14:30:05Z",
		"-5m": "", "yesterday": "", "": "", "3x": "", "xd": "", "25:00": "", "2024-13-01": "",
	} {
		got, err := ParseSince(text, now)
		if (err != nil) != (want == "") || err == nil && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v, %v", text, got.Format(time.RFC3339Nano), err)
		}
	}
}

// TestPattern holds that each awk that is here finds what Go's regexp finds.
func TestPattern(t *testing.T) {
	patterns := []string{"a.c", `a\.c`, "(?i)ERROR", `\d{3,5}`, "^[[]x", `[\]\\^-]`, "[^a-z ]$", `\w+\s\w+`, "x(y|z|)w", "a*?b+?", "é", `"\$/{}`, `\^`, "^", "(?:foo|bar){2}", `[\-x]`, "[[:upper:]]_", "k", "(?i)[ks]"}
	texts := []string{"abc", "a.c", "Error here", "id=1234", "[x", "x]", `x\y`, "x^y", "x-y", "plain words", "xw", "xyw", "ab", "b", "é", `"$/{}`, "foobar", "A_", "", "'", "K"}
	for name, sh := range shells(t) {
		for _, p := range patterns {
			ere, err := Pattern(p)
			if err != nil {
				t.Errorf("%s: %v", p, err)
				continue
			}
			cmd := exec.Command("sh", "-c", `awk '{ print ($0 ~ ENVIRON["P"]) ? "y" : "n" }'`)
			cmd.Env = []string{"P=" + ere, "LC_ALL=C", "PATH=" + sh.path + ":/usr/bin:/bin"}
			cmd.Stdin = strings.NewReader(strings.Join(texts, "\n") + "\n")
			out, err := cmd.CombinedOutput()
			answers := strings.Fields(string(out))
			if err != nil || len(answers) != len(texts) {
				t.Errorf("%s: %s as %s: %v %s", name, p, ere, err, out)
				continue
			}
			re := regexp.MustCompile(p)
			for i, text := range texts {
				if want := re.MatchString(text); want != (answers[i] == "y") {
					t.Errorf("%s: %s as %s in %q: found %v", name, p, ere, text, !want)
				}
			}
		}
	}
	for _, p := range []string{"(", `\bx`, "[éü]", "[^é]", `\p{Greek}`} {
		if got, err := Pattern(p); err == nil {
			t.Errorf("%s is taken as %s", p, got)
		}
	}
}
