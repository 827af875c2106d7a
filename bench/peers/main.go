// Command peers measures kops against the floor (the same checks written by hand, one ssh a
// host) and against ansible-core, Mitogen and pyinfra, on five machines of the lab. It prints
// tables of medians and ratios. Run it from the repository's top, as root: make bench.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"kops/bench/promise"
)

func main() {
	var o options
	hosts := flag.String("hosts", "spare22,spare23,spare24,spare25,spare26", "the lab's machines to run on")
	flag.IntVar(&o.rounds, "rounds", 9, "rounds of the re-run: floor, kops and pyinfra")
	flag.IntVar(&o.slow, "slow", 2, "rounds in which ansible-core and Mitogen take part too")
	flag.IntVar(&o.first, "first", 5, "rounds of the first run: kops and pyinfra")
	flag.StringVar(&o.kops, "kops", "bin/kops", "the binary to measure")
	flag.BoolVar(&o.keep, "keep", false, "leave the machines up")
	flag.Parse()
	o.hosts = strings.Split(*hosts, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	hosts               []string
	rounds, slow, first int
	kops                string
	keep                bool
}

// run prepares machines and contestants, measures, and prints the tables.
func run(ctx context.Context, o options) (err error) {
	kops, err := filepath.Abs(o.kops)
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	cache = filepath.Join(cache, "kops-bench")
	say("installing the peers into %s", cache)
	peers, err := installPeers(ctx, cache)
	if err != nil {
		return err
	}
	say("booting %s", strings.Join(o.hosts, ", "))
	m, err := bootMachines(ctx, o.hosts)
	if err != nil {
		return err
	}
	if !o.keep {
		defer func() {
			if down := m.down(); err == nil {
				err = down
			}
		}()
	}
	say("installing Python on the machines, for ansible-core and Mitogen")
	if err := m.installPython(ctx); err != nil {
		return err
	}
	b, err := newBench(ctx, cache, kops, peers, m)
	if err != nil {
		return err
	}
	again, err := b.reruns(ctx, o)
	if err != nil {
		return err
	}
	first, err := b.firstRuns(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n\n", describeMachine())
	fmt.Printf("The re-run of 19 tasks on %d hosts, nothing changes:\n\n%s\n", len(o.hosts), table(again, "floor"))
	fmt.Printf("The first run, which changes the hosts:\n\n%s", table(first, "pyinfra"))
	return promise.Report(os.Stdout,
		promise.Promise{Name: "kops's re-run, times the floor", Measured: ratio(again, "kops", "floor"), Limit: 1},
		promise.Promise{Name: "kops's first run, times pyinfra's", Measured: ratio(first, "kops", "pyinfra"), Limit: 1. / 3},
	)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// describeMachine names what the numbers were measured on.
func describeMachine() string {
	model, cores := "unknown processor", 0
	info, _ := os.ReadFile("/proc/cpuinfo") // without it the processor is unknown
	for line := range strings.Lines(string(info)) {
		k, v, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(k) {
		case "model name":
			model = strings.TrimSpace(v)
		case "processor":
			cores++
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%d × %s; the hosts are on the same machine; load at the end: %s", cores, model, strings.Join(strings.Fields(string(load))[:3], " "))
}
