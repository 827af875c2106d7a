package process

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"kops/internal/remote/remotetest"
)

func TestExist(t *testing.T) {
	h := remotetest.New()
	h.AddFile("/opt/kafka_2.13-3.9.1/bin/kafka.sh", "", 0o755)
	h.AddFile("/opt/kafka_2.13-4.1.0/README", "", 0o644)
	h.AddFile("/opt/.hidden/x", "", 0o644)
	h.AddFile("/opt/a[b", "", 0o644)
	for _, c := range []struct {
		dir, pattern string
		want         bool
		trips        int
	}{
		{"", "/opt/kafka_2.13-3.9.1", true, 1},
		{"", "/opt/zookeeper", false, 1},
		{"/opt", "kafka_2.13-4.1.0/README", true, 1},
		{"", "/opt/kafka*", true, 1},
		{"/opt", "zoo*", false, 1},
		{"", "/*/kafka_2.13-3.9.1/bin/kafka.sh", true, 4},
		{"", "/opt/kafka_2.13-*/bin/*.sh", true, 3},
		{"", "/opt/kafka_2.13-[!0-9]*", false, 1},
		{"", "/opt/*/x", false, 2},
		{"", "/nowhere/*", false, 1},
	} {
		h.ForgetCalls()
		got, removed, err := exist(context.Background(), h, c.dir, c.pattern, "")
		if err != nil || got != c.want || removed {
			t.Errorf("%s: %v %v %v", c.pattern, got, removed, err)
		}
		if n := len(h.Calls()); n != c.trips {
			t.Errorf("%s: %d round trips, want %d", c.pattern, n, c.trips)
		}
	}
}

// TestExpandWords asks a real shell: what it prints is what the command would get.
func TestExpandWords(t *testing.T) {
	for word, want := range map[string]string{
		"$HOME/a b":            "/home/kafka/a b",
		"${HOME}x$HOME":        "/home/kafkax/home/kafka",
		"~/x $y":               "/home/kafka/x $y",
		"a~":                   "a~",
		"$NOT_SET ${NOT_SET}":  "$NOT_SET ${NOT_SET}",
		"$(id) `id` $1 ${a b}": "$(id) `id` $1 ${a b}",
		"it's \"$HOME\"":       "it's \"/home/kafka\"",
		"$SPACES":              "a  *  b",
		"":                     "",
		"~":                    "/home/kafka",
	} {
		cmd := exec.Command("/bin/sh", "-c", ExpandWords("printf '<%s>'", []string{"first", word}))
		cmd.Env = []string{"HOME=/home/kafka", "SPACES=a  *  b", "PATH=/bin"}
		out, err := cmd.CombinedOutput()
		if got := string(out); err != nil || got != "<first><"+want+">" {
			t.Errorf("%q: got %s, want %q (%v)", word, got, want, err)
		}
	}
}

func TestDelta(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3215 * time.Microsecond:                "0:00:00.003215",
		25*time.Hour + 61*time.Second:          "1 day, 1:01:01.000000",
		49*time.Hour + 1500*time.Millisecond:   "2 days, 1:00:01.500000",
		10*time.Minute + 100*time.Microsecond:  "0:10:00.000100",
		23*time.Hour + 59*time.Minute + 999999: "23:59:00.000999",
	} {
		if got := delta(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
