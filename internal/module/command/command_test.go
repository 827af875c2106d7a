package command

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestCommand(t *testing.T) {
	args := moduletest.Args
	setup := func(h *remotetest.Host) {
		h.AddFile("/var/lib/kafka/meta.properties", "", 0o644)
		h.OnExec = answer
	}
	registered := func(want string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			for _, k := range []string{"start", "end", "delta"} {
				if s, ok := r.At(k).(string); ok && len(s) < 14 {
					t.Errorf("%s is %q", k, s)
				}
				r.Delete(k)
			}
			if got := value.Str(r); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "line", Setup: setup, Args: args("_raw_params", `echo "a b" c\ d`), Repeats: true,
			Check: registered(`{'cmd': ['echo', 'a b', 'c d'], 'stdout': 'a b c d', 'stdout_lines': ['a b c d'], 'stderr': 'warning', 'stderr_lines': ['warning'], 'rc': 0, 'msg': ''}`),
			CheckPlan: func(t *testing.T, c module.Change) {
				if c.Predict != module.Unknown || c.Steps[0].Summary != "run echo 'a b' 'c d'" {
					t.Errorf("%+v", c)
				}
			}},
		{Name: "words and stdin", Setup: setup, Args: args("argv", value.Strings([]string{"cat"}), "stdin", "in", "strip_empty_ends", false), Repeats: true,
			Check: registered(`{'cmd': ['cat'], 'stdout': 'in\n\n', 'stdout_lines': ['in', ''], 'stderr': 'warning\n', 'stderr_lines': ['warning'], 'rc': 0, 'msg': ''}`)},
		{Name: "stdin as it is", Setup: setup, Args: args("cmd", "cat", "stdin", "in", "stdin_add_newline", false, "strip_empty_ends", false), Repeats: true,
			Check: registered(`{'cmd': ['cat'], 'stdout': 'in\n', 'stdout_lines': ['in'], 'stderr': 'warning\n', 'stderr_lines': ['warning'], 'rc': 0, 'msg': ''}`)},
		{Name: "created already", Setup: setup, Args: args("cmd", "format", "creates", "/var/lib/kafka/meta*"), Unchanged: true,
			Check: registered(`{'cmd': ['format'], 'rc': 0, 'stdout': 'skipped, since /var/lib/kafka/meta* exists', ` +
				`'stdout_lines': ['skipped, since /var/lib/kafka/meta* exists'], 'stderr': '', 'stderr_lines': [], ` +
				`'msg': "Did not run command since '/var/lib/kafka/meta*' exists"}`)},
		{Name: "removed already", Setup: setup, Args: args("cmd", "format", "removes", "gone", "chdir", "/var"), Unchanged: true},
		{Name: "to create", Setup: setup, Args: args("cmd", "echo", "creates", "/tmp/x"), Repeats: true,
			CheckPlan: func(t *testing.T, c module.Change) {
				if c.Predict != module.Changes {
					t.Errorf("%+v", c)
				}
			}},
		{Name: "fails", Setup: setup, Args: args("cmd", "false"), Err: "non-zero return code"},
		{Name: "cannot run", Setup: setup, Args: args("cmd", "nosuch 1"), Err: "run nosuch 1: no such program"},
		{Name: "two", Args: args("cmd", "a", "argv", value.Strings([]string{"b"})), Err: "cmd and argv exclude each other"},
		{Name: "none", Args: args("chdir", "/"), Err: "one of these arguments is required: free text, cmd, argv"},
		{Name: "open quote", Args: args("cmd", "echo 'a"), Err: "a quote is not closed"},
		{Name: "executable", Args: args("cmd", "a", "executable", "/bin/bash"), Err: "executable: not supported; command uses no shell"},
	})
}

func TestExpansion(t *testing.T) {
	for line, want := range map[string][]string{
		"ls $HOME":   {"/bin/sh", "-c", "kops_as_written_1='$HOME'\nexec ls \"${HOME-$kops_as_written_1}\""},
		"echo a 'b'": {"echo", "a", "b"},
	} {
		s := Spec{Cmd: line, ExpandVars: true}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := s.command().Argv; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		`a  b`:             {"a", "b"},
		`a 'b c' "d e" ''`: {"a", "b c", "d e", ""},
		`a"b"'c'd`:         {"abcd"},
		`"a\"b\$c\\d"`:     {`a"b\$c\d`},
		`'a\b'`:            {`a\b`},
		`a\ b # c`:         {"a b", "#", "c"},
		"a\nb\tc":          {"a", "b", "c"},
		``:                 nil,
	} {
		if got, err := split(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`"a`, `a\`, `'`} {
		if got, err := split(line); err == nil {
			t.Errorf("%s: no error but %q", line, got)
		}
	}
}

// answer knows echo, cat, false and nosuch.
func answer(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
	res := remote.Result{Stderr: []byte("warning\n")}
	switch cmd.Argv[0] {
	case "echo":
		res.Stdout = []byte(strings.Join(cmd.Argv[1:], " ") + "\n")
	case "cat":
		in, err := io.ReadAll(cmd.Stdin)
		res.Stdout = append(in, '\n')
		return res, err
	case "false":
		res.ExitCode = 1
	default:
		return res, errors.New("no such program")
	}
	return res, nil
}
