package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/logs"
	"kops/internal/run"
)

// logDir is where a broker's logs are, as playbooks/roles/settings has it where no variable says otherwise.
const logDir = "/var/log/kafka"

// mostFiles is how many files of a host are read at the same time: each takes a session of its one connection.
const mostFiles = 6

// logsOptions are the flags of kops logs.
type logsOptions struct {
	hostOptions
	files, paths []string
	last         string
	follow       bool
	since        string
	grep         string
	level        string
	out          string
}

func newLogs(streams Streams) *cobra.Command {
	o := &logsOptions{hostOptions: hostOptions{runOptions: runOptions{streams: streams}}}
	cmd := &cobra.Command{
		Use:   "logs PATTERN",
		Short: "Show Kafka's log files of many hosts, merged by time",
		Example: `  kops logs kafka --since 10m --level ERROR
  kops logs kafka -f -n 0
  kops logs kafka --since 2h --level WARN
  kops logs kafka1,kafka2 --file server.log --file controller.log --grep 'Broker id=[12]'
  kops logs kafka --since 2024-01-31T14:00:00Z -o incident/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("logs needs a pattern of hosts: kops logs PATTERN -i INVENTORY; `all` means every host")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0])
		},
	}
	o.addHosts(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&o.limit, "limit", "l", "", "these hosts of the pattern only: a pattern, or @FILE")
	fs.StringSliceVar(&o.files, "file", nil, "a log in kafka_log_dir (server.log): "+strings.Join(logs.Names(), ", ")+"; may be given several times")
	fs.StringSliceVar(&o.paths, "path", nil, "any other file, by its path on the hosts; may be given several times")
	fs.StringVarP(&o.last, "lines", "n", "", "the last N entries of each file, or `all`; 20 where --since does not say how many")
	fs.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written from now on, until Ctrl-C; with -n 0, that alone")
	fs.StringVar(&o.since, "since", "", "entries from a time on, in rotated files too: 15m, 3d, 14:30 (the last that was), '2024-01-31 14:30', 2024-01-31T14:30:00Z")
	fs.StringVar(&o.grep, "grep", "", "entries in which a line matches this regular expression")
	fs.StringVar(&o.level, "level", "", "entries of this level and above: "+strings.Join(logs.Levels(), ", "))
	fs.StringVarP(&o.out, "output", "o", "", "fetch into this folder, compressed, as HOST/FILE.gz")
	fs.BoolVar(&o.json, "json", false, "print each entry as a line of JSON")
	fs.BoolVarP(&o.become, "become", "b", false, "become another user on the hosts, who may read the logs")
	fs.IntVar(&o.forks, "forks", 50, "files that are fetched at the same time")
	return cmd
}

// query makes a query of the flags, or says what is wrong with them.
func (o *logsOptions) query() (logs.Query, error) {
	q := logs.Query{Follow: o.follow, Last: logs.All, Level: strings.ToUpper(o.level)}
	var err error
	if o.since != "" {
		if q.Since, err = logs.ParseSince(o.since, time.Now()); err != nil {
			return q, fmt.Errorf("--since: %w", err)
		}
	}
	switch {
	case o.last == "" && o.since == "" && o.out == "":
		q.Last = 20
	case o.last != "" && o.last != "all":
		if q.Last, err = strconv.Atoi(o.last); err != nil || q.Last < 0 {
			return q, fmt.Errorf("--lines is a number of entries, or `all`, not %q", o.last)
		}
	}
	if o.grep != "" {
		if q.Grep, err = logs.Pattern(o.grep); err != nil {
			return q, fmt.Errorf("--grep: %w", err)
		}
	}
	if q.Level != "" && !slices.Contains(logs.Levels(), q.Level) {
		return q, fmt.Errorf("--level is one of %s, not %q%s", strings.Join(logs.Levels(), ", "), o.level, suggestion(q.Level, logs.Levels()))
	}
	if o.out != "" && (o.follow || o.json) {
		return q, errors.New("-o fetches files: it goes with neither -f nor --json")
	}
	return q, o.checkFiles()
}

// checkFiles refuses files that nobody can be after.
func (o *logsOptions) checkFiles() error {
	for i, name := range o.files {
		if !strings.HasSuffix(name, ".log") {
			o.files[i] = name + ".log"
		}
		if !slices.Contains(logs.Names(), o.files[i]) {
			return fmt.Errorf("--file is one of %s, not %q (--path takes any other)%s", strings.Join(logs.Names(), ", "), name, suggestion(o.files[i], logs.Names()))
		}
	}
	var names []string
	for _, p := range append(slices.Clone(o.files), o.paths...) {
		name := path.Base(p)
		if slices.Contains(names, name) {
			return fmt.Errorf("two files would be shown as %s: give one of them", name)
		}
		names = append(names, name)
	}
	for _, p := range o.paths {
		if !path.IsAbs(p) {
			return fmt.Errorf("--path is the path of a file on the hosts and begins with /, not %q", p)
		}
	}
	if len(names) > mostFiles {
		return fmt.Errorf("%d files are asked for: no more than %d of a host are read at the same time", len(names), mostFiles)
	}
	return nil
}

func suggestion(name string, known []string) string {
	if hint := diag.Suggest(name, known); hint != "" {
		return "; " + hint
	}
	return ""
}

func (o *logsOptions) run(ctx context.Context, pattern string) error {
	if len(o.files)+len(o.paths) == 0 {
		o.files = []string{"server.log"}
	}
	q, err := o.query()
	if err != nil {
		return usageError{err}
	}
	s, opts, err := o.choose(ctx, pattern)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	dialer := connecting(ctx, s)
	defer dialer.Close()
	opts.Dial = dial(dialer)
	fleet, err := run.Reach(ctx, opts)
	if err != nil {
		return err
	}
	defer fleet.Close()
	sources, err := o.sources(ctx, fleet)
	if err != nil {
		return err
	}
	if o.out != "" {
		return o.fetch(ctx, s, sources, q)
	}
	return o.show(ctx, s, sources, q)
}

// sources are the files on all hosts.
func (o *logsOptions) sources(ctx context.Context, fleet *run.Fleet) ([]*logs.Source, error) {
	var all []*logs.Source
	for _, h := range fleet.Hosts {
		dir, ok, err := h.Text(ctx, "kafka_log_dir")
		if err != nil {
			return nil, fmt.Errorf("%s: kafka_log_dir: %w", h.Name(), err)
		}
		if !ok {
			dir = logDir
		}
		paths := slices.Clone(o.paths)
		for _, name := range o.files {
			paths = append(paths, path.Join(dir, name))
		}
		for _, p := range paths {
			all = append(all, &logs.Source{Host: h.Name(), Path: p, Connect: func(ctx context.Context) (logs.Streamer, error) { return h.Connect(ctx) }})
		}
	}
	return all, nil
}

func (o *logsOptions) show(ctx context.Context, s *session, sources []*logs.Source, q logs.Query) error {
	printer := logs.NewPrinter(o.streams.Out, sources, logs.PrintOptions{
		JSON: o.json, Color: o.streams.color(), Files: len(o.files)+len(o.paths) > 1, Mask: s.masker.Mask,
	})
	failed, err := logs.Show(ctx, sources, q, printer, o.saying())
	switch {
	case err == nil:
		return o.failed(failed)
	case ctx.Err() == nil:
		return fmt.Errorf("print the logs: %w", err)
	case q.Follow: // it is how one ends it
		return o.failed(failed)
	}
	return exitCode(run.ExitInterrupted)
}

// saying tells what happens to hosts while logs are shown.
func (o *logsOptions) saying() func(host, text string) {
	var mu sync.Mutex
	return func(host, text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(o.streams.Err, "kops: %s: %s\n", host, strings.TrimPrefix(text, host+": "))
	}
}

func (o *logsOptions) fetch(ctx context.Context, s *session, sources []*logs.Source, q logs.Query) error {
	opts := logs.FetchOptions{Dir: o.out, Forks: o.forks, Say: o.saying(), Done: func(f logs.Fetched) {
		fmt.Fprintf(o.streams.Out, "%s: %s: %d bytes in %s\n", f.Source.Host, f.Source.Path, f.Size, f.Path)
	}}
	if s.masker.HasSecrets() {
		opts.Mask = s.masker.Mask
	}
	failed := logs.Fetch(ctx, sources, q, opts)
	if ctx.Err() != nil {
		return exitCode(run.ExitInterrupted)
	}
	return o.failed(failed)
}

// failed gives the exit code that a run would have where something could not be read.
func (o *logsOptions) failed(failed []logs.Failure) error {
	var hosts []run.HostError
	for _, f := range failed {
		hosts = append(hosts, run.HostError{Host: f.Source.Host, Err: f.Err})
	}
	if code := run.ExitCode(hosts); code != 0 {
		return exitCode(code)
	}
	return nil
}
