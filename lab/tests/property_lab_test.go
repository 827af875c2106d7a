//go:build lab

package tests

import (
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// How many experiments there are, and with which seed they begin: 0 for a random one.
var (
	experiments = flag.Int("experiments", 300, "generated playbooks of TestLabCheckMode")
	firstSeed   = flag.Uint64("seed", 1, "seed of the first; 0 for a random one")
)

// perRun is how many experiments one run of kops has as plays.
const perRun = 20

// TestLabCheckMode runs generated playbooks against hosts in generated states, each twice: check mode keeps its word
// each time, its differences are those of the run, and what can settle has settled after the first run.
func TestLabCheckMode(t *testing.T) {
	hosts := []string{"spare27", "spare28", "spare29"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, hosts...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, hosts...)...)
	seed := *firstSeed
	if seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:]) // crypto/rand never fails
		seed = binary.LittleEndian.Uint64(b[:])
	}
	t.Logf("%d experiments from seed %d", *experiments, seed)
	var next atomic.Int64
	var all sync.WaitGroup
	var mu sync.Mutex
	var counts tally
	for _, host := range hosts {
		all.Go(func() {
			l := &laboratory{t: t, host: host, dir: t.TempDir()}
			write(t, filepath.Join(l.dir, "t.j2"), "# {{ text }}\nfor {{ inventory_hostname }}\n")
			for {
				first := int(next.Add(perRun)) - perRun
				if first >= *experiments {
					return
				}
				var batch []experiment
				for i := first; i < min(first+perRun, *experiments); i++ {
					batch = append(batch, generate(seed+uint64(i)))
				}
				got := l.try(batch)
				mu.Lock()
				counts.add(got)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%+v", counts)
	if !t.Failed() && (counts.Changed < 3**experiments || counts.Unknown*4 > counts.Tasks) {
		t.Errorf("the experiments show little: %+v", counts)
	}
}

// A tally says what the experiments were worth.
type tally struct{ Experiments, Tasks, Changed, Predicted, Unknown, Failed, Diffs, Files int }

func (a *tally) add(b tally) {
	a.Experiments, a.Tasks, a.Changed, a.Predicted = a.Experiments+b.Experiments, a.Tasks+b.Tasks, a.Changed+b.Changed, a.Predicted+b.Predicted
	a.Unknown, a.Failed, a.Diffs, a.Files = a.Unknown+b.Unknown, a.Failed+b.Failed, a.Diffs+b.Diffs, a.Files+b.Files
}

// A laboratory runs experiments on one host.
type laboratory struct {
	t      *testing.T
	host   string
	dir    string
	names  int
	tally  tally
	failed bool
}

// try runs a batch. An experiment that fails is printed, with as few tasks as still fail.
func (l *laboratory) try(batch []experiment) tally {
	l.tally = tally{}
	for i, broken := range l.run(batch) {
		e := batch[i]
		small, problems := e, broken
		if !l.failed { // one that is small is enough
			small, problems = l.shrink(e, broken)
		}
		l.failed = true
		_, play := small.render("x", l.host)
		l.t.Errorf("experiment of seed %d on %s:\n%s\nafter\n%s\n%s", e.seed, l.host, strings.Join(problems, "\n"), strings.Join(small.start, "\n"), play)
	}
	return l.tally
}

// shrink leaves out tasks as long as the experiment still fails.
func (l *laboratory) shrink(e experiment, problems []string) (experiment, []string) {
	for i := len(e.tasks) - 1; i >= 0; i-- {
		smaller := e
		smaller.tasks = slices.Delete(slices.Clone(e.tasks), i, i+1)
		if broken := l.run([]experiment{smaller}); len(broken[0]) > 0 {
			e, problems = smaller, broken[0]
		}
	}
	return e, problems
}

// run carries out experiments as the plays of one playbook and returns what is wrong, by their index.
func (l *laboratory) run(batch []experiment) map[int][]string {
	var start, book strings.Builder
	names := make([]string, len(batch))
	for i, e := range batch {
		l.names++
		names[i] = fmt.Sprintf("p%s%d", l.host[5:], l.names)
		before, play := e.render(names[i], l.host)
		start.WriteString(before)
		book.WriteString(play)
	}
	l.shell("systemctl daemon-reload\n" + start.String() + "systemctl daemon-reload\n")
	path := filepath.Join(l.dir, fmt.Sprintf("book%d.yaml", l.names))
	write(l.t, path, book.String())
	args := []string{path, "-i", "lab/tests/testdata/checked.yaml", "-l", l.host, "--diff"}
	broken, failedOnce := map[int][]string{}, map[int]bool{}
	for _, again := range []bool{false, true} {
		check, err := recorded(l.t, 0, append(args, "--check")...)
		real, failed := recorded(l.t, 0, args...)
		if len(check) == 0 || len(real) == 0 { // tasks may fail, runs not
			l.t.Fatalf("nothing was run: %v, %v", err, failed)
		}
		for i, e := range batch {
			play := "experiment " + names[i]
			problems := l.compare(check, real, play)
			failedOnce[i] = failedOnce[i] || real.hasFailed(play)
			settles := e.settles && !failedOnce[i]
			switch {
			case settles && again:
				problems = append(problems, settled(real, play)...)
			case settles:
				problems = append(problems, l.contents(real, play)...)
			}
			if len(problems) > 0 {
				broken[i] = append(broken[i], problems...)
			}
		}
	}
	l.tally.Experiments += len(batch)
	return broken
}

// shell runs lines as root, whatever becomes of each.
func (l *laboratory) shell(lines string) string {
	cmd := exec.CommandContext(l.t.Context(), "lab/lab", "ssh", l.host, "sudo sh -s")
	cmd.Dir, cmd.Stdin = root, strings.NewReader(lines)
	out, _ := cmd.Output() // a line that fails leaves a state as good as any
	return string(out)
}

// of returns the results of one play, in their order.
func (o outcomes) of(play string) []string {
	var keys []string
	for key, one := range o {
		if one.play == play {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return o[a].order - o[b].order })
	return keys
}

// compare holds two results of one play to the rule, and their differences to each other. Where a task failed that check
// mode thought would do, what follows tells nothing.
func (l *laboratory) compare(check, real outcomes, play string) []string {
	var problems []string
	for _, key := range real.of(play) {
		c, told := check[key]
		r := real[key]
		l.tally.Tasks++
		if r.status == "changed" {
			l.tally.Changed++
		}
		if c.status == "unknown" {
			l.tally.Unknown++
		}
		if r.status == "failed" && (c.status == "changed" || c.status == "ok") {
			l.tally.Failed++
			return problems
		}
		say := func(what string) {
			problems = append(problems, fmt.Sprintf("%s (%s): check mode said %s %s, the run %s %s: %s", r.task, key, c.status, c.msg, r.status, r.msg, what))
		}
		switch {
		case r.status == "changed" && c.status != "changed" && c.status != "unknown":
			say("a change that was not told")
		case c.status == "changed" && r.status != "changed":
			say("a change that did not come")
		case c.status == "failed" && r.status != "failed":
			say("a failure that did not come")
		case c.status == "changed":
			l.tally.Predicted++
			l.tally.Diffs += len(r.diffs)
			if !c.partly && !slices.Equal(c.diffs, r.diffs) {
				say(fmt.Sprintf("differences %+v became %+v", c.diffs, r.diffs))
			}
		case !told && r.status == "changed":
			say("a task that was not spoken of")
		}
	}
	return problems
}

func (o outcomes) hasFailed(play string) bool {
	return slices.ContainsFunc(o.of(play), func(key string) bool { return o[key].status == "failed" })
}

// settled tells what a second run still changed.
func settled(real outcomes, play string) []string {
	var problems []string
	for _, key := range real.of(play) {
		if r := real[key]; r.status == "changed" {
			problems = append(problems, fmt.Sprintf("%s (%s): changed by the second run too: %+v", r.task, key, r.diffs))
		}
	}
	return problems
}

// properties are how differences of owner, group and mode begin.
var properties = []string{"state: ", "src: ", "owner: ", "group: ", "mode: "}

// contents holds the content that a difference says to be written to the file itself.
func (l *laboratory) contents(real outcomes, play string) []string {
	written := map[string]string{}
	for _, key := range real.of(play) {
		for _, d := range real[key].diffs {
			isText := !slices.ContainsFunc(properties, func(p string) bool { return strings.HasPrefix(d.After, p) || strings.HasPrefix(d.Before, p) })
			if strings.HasPrefix(d.Header, "/") && d.Note == "" && isText {
				written[d.Header] = d.After
			}
		}
	}
	var lines strings.Builder
	paths := slices.Sorted(maps.Keys(written))
	for _, p := range paths {
		fmt.Fprintf(&lines, "cat %s; printf '\\001'\n", p)
	}
	found := strings.Split(l.shell(lines.String()), "\001")
	var problems []string
	for i, p := range paths {
		l.tally.Files++
		if found[i] != written[p] {
			problems = append(problems, fmt.Sprintf("%s holds %q, and the difference said %q", p, found[i], written[p]))
		}
	}
	return problems
}
