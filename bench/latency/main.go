// Command latency measures a run that changes nothing over a long line: kops talks to one host of
// the lab through a proxy that delays each byte, so that the wall time counts the round trips
// that kops waits for. The limit is (tasks + 10) × 25 ms on a line of 20 ms, and in proportion on a longer
// one; each item of a loop is a task. Run it from the repository's top, as root: make bench-latency.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"kops/bench/promise"
)

// granted are the tasks' worth of time that connecting may take; a task may take a quarter more than
// a round trip.
const granted = 10

// options are the command's flags.
type options struct {
	kops, host, key, known string
	rtt                    time.Duration
	rounds                 int
	verbose                bool
}

func main() {
	var o options
	flag.StringVar(&o.kops, "kops", "bin/kops", "the binary to measure")
	flag.StringVar(&o.host, "host", "10.99.0.61:22", "sshd of one of the lab's machines: spare21")
	flag.StringVar(&o.key, "key", "/var/lib/kops-lab/ssh/id_ed25519", "private key of the lab")
	flag.StringVar(&o.known, "known", "/var/lib/kops-lab/ssh/known_hosts", "known_hosts of the lab")
	flag.DurationVar(&o.rtt, "rtt", 20*time.Millisecond, "a round trip on the line")
	flag.IntVar(&o.rounds, "rounds", 7, "runs on each line; their median counts")
	flag.BoolVar(&o.verbose, "v", false, "print each task of the median run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "kops-latency")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	peers, err := preparePlay(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Println("| play | tasks | round trips that their events count | a round trip | without delay | with it | round trips waited for, with connecting | limit |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var promises []promise.Promise
	for _, play := range []string{peers, "bench/latency/play/play.yaml"} {
		p, err := measure(ctx, o, dir, play)
		if err != nil {
			return fmt.Errorf("%s: %w", play, err)
		}
		promises = append(promises, p)
	}
	return promise.Report(os.Stdout, promises...)
}

// measure runs a playbook on a line without delay and on the long one, in turn.
func measure(ctx context.Context, o options, dir, play string) (promise.Promise, error) {
	var none promise.Promise
	near, err := newLine(o, dir, 0)
	if err != nil {
		return none, err
	}
	far, err := newLine(o, dir, o.rtt)
	if err != nil {
		return none, err
	}
	if _, err := near.run(ctx, play); err != nil { // it may change the host
		return none, err
	}
	for range o.rounds {
		for _, l := range []*line{near, far} {
			r, err := l.run(ctx, play)
			if err != nil {
				return none, err
			}
			if r.changed > 0 {
				return none, errors.New("it changes the host each time: it is no re-run")
			}
			l.runs = append(l.runs, r)
		}
	}
	return report(o, filepath.Base(filepath.Dir(filepath.Dir(play)))+"/play", near.median(), far.median()), nil
}

// report prints a row of the table, and returns what was promised.
func report(o options, name string, near, far result) promise.Promise {
	if o.verbose {
		for _, r := range far.tasks {
			fmt.Println(r)
		}
	}
	limit := time.Duration(len(far.tasks)+granted) * (o.rtt + o.rtt/4)
	fmt.Printf("| %s | %d | %d | %d ms | %d ms | %d ms | %.1f | %d ms |\n", name, len(far.tasks), far.trips, o.rtt.Milliseconds(), near.took.Milliseconds(),
		far.took.Milliseconds(), float64(far.took-near.took)/float64(o.rtt), limit.Milliseconds())
	return promise.Promise{Name: name + " on the long line, ms", Measured: float64(far.took.Milliseconds()), Limit: float64(limit.Milliseconds())}
}

// median returns the run in the middle.
func (l *line) median() result {
	slices.SortFunc(l.runs, func(x, y result) int { return int(x.took - y.took) })
	return l.runs[len(l.runs)/2]
}
