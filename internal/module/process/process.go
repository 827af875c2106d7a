// Package process is what command, shell and raw have in common: whether a command must
// run, running it, and what is registered of it.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// Options are the arguments of command and shell besides the command itself.
type Options struct {
	Chdir           string  `arg:"chdir" doc:"folder to run in"`
	Creates         string  `arg:"creates" doc:"path or glob: where something matches, the command is not run"`
	Removes         string  `arg:"removes" doc:"path or glob: where nothing matches, the command is not run"`
	Stdin           *string `arg:"stdin" doc:"text for the command's standard input"`
	StdinAddNewline bool    `arg:"stdin_add_newline" doc:"end stdin with a line end"`
	StripEmptyEnds  bool    `arg:"strip_empty_ends" doc:"drop empty lines at the end of the output"`
}

// Defaults returns the options' defaults.
func Defaults() Options { return Options{StdinAddNewline: true, StripEmptyEnds: true} }

// Returns documents what is registered.
func Returns() []module.Return {
	return []module.Return{
		{Name: "cmd", Type: "raw", Text: "the command: a list of words, or the line for the shell"},
		{Name: "rc", Type: "int", Text: "exit status"},
		{Name: "stdout", Type: "str", Text: "standard output"},
		{Name: "stderr", Type: "str", Text: "standard error"},
		{Name: "stdout_lines", Type: "list", Text: "the lines of stdout"},
		{Name: "stderr_lines", Type: "list", Text: "the lines of stderr"},
		{Name: "start", Type: "str", Text: "when the command began"},
		{Name: "end", Type: "str", Text: "when it ended"},
		{Name: "delta", Type: "str", Text: "how long it took"},
		{Name: "msg", Type: "str", Text: "why the command was not run, or what went wrong"},
	}
}

// Plan decides by creates and removes whether the command must run. Without them only
// running it can tell whether it changes something. shown is the command as it is registered.
func (o *Options) Plan(ctx context.Context, h remote.Reader, command remote.Command, shown value.Value) (module.Change, error) {
	paths, err := expand(ctx, h, o.Chdir, o.Creates, o.Removes)
	if err != nil {
		return module.Change{}, err
	}
	command.Dir = paths[0]
	created, removed, err := exist(ctx, h, command.Dir, paths[1], paths[2])
	if err != nil {
		return module.Change{}, err
	}
	switch {
	case o.Creates != "" && created:
		return skipped(shown, o.Creates, "exists"), nil
	case o.Removes != "" && !removed:
		return skipped(shown, o.Removes, "does not exist"), nil
	}
	c := module.Change{Predict: module.Unknown, Result: value.NewMap("cmd", shown)}
	if o.Creates+o.Removes != "" {
		c.Predict = module.Changes
		c.Effects = attributes.Touches(paths[1], paths[2])
	}
	c.Why = "what '" + summary(shown) + "' does"
	c.Steps = []module.Step{{Summary: "run " + summary(shown), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return o.run(ctx, h, command, shown)
	}}}
	return c, nil
}

func (o *Options) run(ctx context.Context, h remote.Host, command remote.Command, shown value.Value) (module.Outcome, error) {
	command.Stdin = o.input()
	return Run(ctx, h, command, shown, o.StripEmptyEnds)
}

func (o *Options) input() io.Reader {
	switch {
	case o.Stdin == nil || *o.Stdin == "":
		return nil
	case o.StdinAddNewline:
		return strings.NewReader(*o.Stdin + "\n")
	}
	return strings.NewReader(*o.Stdin)
}

// Run runs a command. One that ends with another status than 0 is a *module.Failure.
func Run(ctx context.Context, h remote.Host, command remote.Command, shown value.Value, strip bool) (module.Outcome, error) {
	begin := time.Now()
	res, err := h.Exec(ctx, command)
	if errors.Is(err, fs.ErrNotExist) { // no such program, or no such chdir: a result that a play may judge, as in Ansible
		return module.Outcome{}, &module.Failure{Msg: err.Error(), Result: value.NewMap("cmd", shown, "rc", int64(2), "stdout", "", "stderr", "",
			"stdout_lines", value.NewList(), "stderr_lines", value.NewList())}
	}
	if err != nil {
		return module.Outcome{}, fmt.Errorf("run %s: %w", summary(shown), err)
	}
	end := time.Now()
	result := output(res, strip)
	result.Merge(value.NewMap("cmd", shown, "rc", int64(res.ExitCode), "start", stamp(begin), "end", stamp(end), "delta", delta(end.Sub(begin)), "msg", ""))
	if res.ExitCode != 0 {
		result.Set("msg", "non-zero return code")
		result.Set("changed", true)
		return module.Outcome{}, &module.Failure{Msg: "non-zero return code", Result: result}
	}
	return module.Outcome{Changed: true, Result: result}, nil
}

// output returns stdout and stderr, as text and as lines.
func output(res remote.Result, strip bool) *value.Map {
	m := value.NewMap()
	for _, stream := range []struct {
		name string
		data []byte
	}{{"stdout", res.Stdout}, {"stderr", res.Stderr}} {
		text := strings.ToValidUTF8(string(stream.data), "\ufffd")
		if strip {
			text = strings.TrimRight(text, "\r\n")
		}
		m.Set(stream.name, text)
		m.Set(stream.name+"_lines", lines(text))
	}
	return m
}

func lines(text string) *value.List {
	list := value.NewList()
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		list.Append(strings.TrimSuffix(line, "\n"))
	}
	return list
}

// skipped is the change where the command need not run.
func skipped(shown value.Value, path, why string) module.Change {
	note := fmt.Sprintf("skipped, since %s %s", path, why)
	return module.Change{Result: value.NewMap("cmd", shown, "rc", int64(0), "stdout", note, "stdout_lines", value.NewList(note),
		"stderr", "", "stderr_lines", value.NewList(), "start", nil, "end", nil, "delta", nil,
		"msg", fmt.Sprintf("Did not run command since '%s' %s", path, why))}
}

// summary is the command as one line for people, cut to a length that fits one.
func summary(shown value.Value) string {
	var line string
	switch v := shown.(type) {
	case *value.List:
		words := make([]string, len(v.Items))
		for i, w := range v.Items {
			words[i] = value.Str(w)
		}
		line = module.Quote(words...)
	default:
		line = value.Str(v)
	}
	line = strings.Join(strings.Fields(line), " ")
	if r := []rune(line); len(r) > 80 {
		line = string(r[:79]) + "…"
	}
	return line
}

// stamp writes a time as Python's str(datetime) does.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000") }

// delta writes a duration as Python's str(timedelta) does.
func delta(d time.Duration) string {
	us := d.Microseconds()
	text := fmt.Sprintf("%d:%02d:%02d.%06d", us/3_600_000_000%24, us/60_000_000%60, us/1_000_000%60, us%1_000_000)
	switch days := us / 86_400_000_000; {
	case days == 1:
		return "1 day, " + text
	case days > 1:
		return fmt.Sprintf("%d days, %s", days, text)
	}
	return text
}
