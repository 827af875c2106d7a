package template

import (
	"errors"
	"strings"
	"testing"

	"kops/internal/diag"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func host() *remotetest.Host {
	h := remotetest.New()
	h.AddUser("kafka", 100)
	h.AddDir("/etc/kafka", 0o755)
	h.OnScript = moduletest.Shell
	return h
}

var known = value.NewMap("brokers", value.NewList(int64(1), int64(2)), "inventory_hostname", "zk1", "later", value.Unknown{Why: "task x"})

func TestTemplate(t *testing.T) {
	tests := []struct {
		name string
		args *value.Map
		path string
		want string
		mode string
	}{
		{name: "text", args: value.NewMap("src", "server.j2", "dest", "/etc/kafka/server", "owner", "kafka", "mode", "0640"), path: "/etc/kafka/server", mode: "0640",
			want: "# Ansible managed, server.j2 -> /etc/kafka/server\nbroker=1\nbroker=2\npart of zk1\n"},
		{name: "into a folder", args: value.NewMap("src", "part.j2", "dest", "/etc/kafka"), path: "/etc/kafka/part.j2", want: "part of zk1\n", mode: "0644"},
		{name: "newlines", args: value.NewMap("src", "part.j2", "dest", "/etc/x", "newline_sequence", `\r\n`), path: "/etc/x", want: "part of zk1\r\n", mode: "0644"},
		{name: "other markers", args: value.NewMap("src", "other.j2", "dest", "/etc/x", "block_start_string", "<%", "block_end_string", "%>",
			"variable_start_string", "[[", "variable_end_string", "]]"), path: "/etc/x", want: "1\n2\n", mode: "0644"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := actiontest.Call{Vars: known, Args: tt.args, Search: []string{"testdata"}, Host: host()}
			_, result, err := c.Apply(t, New())
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := c.Host.Content(tt.path); got != tt.want || result.At("mode") != tt.mode {
				t.Errorf("%q, result %s", got, value.Repr(result))
			}
			again, _, err := c.Apply(t, New())
			if err != nil || len(again.Steps) != 0 || len(again.Diffs) != 0 {
				t.Errorf("the second time: %+v %v", again, err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	args := func(kv ...value.Value) *value.Map {
		return value.NewMap(append([]value.Value{"dest", "/etc/x"}, kv...)...)
	}
	for want, a := range map[string]*value.Map{
		`there is no "none.j2" on the controller`:                args("src", "none.j2"),
		"testdata/templates/broken.j2:2:6: 'brokr' is undefined": args("src", "broken.j2"),
		`newline_sequence: "x" is not one of`:                    args("src", "part.j2", "newline_sequence", "x"),
		`output_encoding: "utf-16" is not supported`:             args("src", "part.j2", "output_encoding", "utf-16"),
		"validate: ": args("src", "part.j2", "validate", "true"),
	} {
		_, err := actiontest.Call{Vars: known, Args: a, Search: []string{"testdata"}}.Act(t, New())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	_, err := actiontest.Call{Vars: known, Args: args("src", "broken.j2"), Search: []string{"testdata"}}.Act(t, New())
	var d *diag.Diagnostic
	if !errors.As(err, &d) || len(d.Related) == 0 || d.Related[len(d.Related)-1].Pos != actiontest.Pos {
		t.Errorf("the task has no place in %+v", d)
	}
}

func TestUnknown(t *testing.T) {
	with := known.Clone()
	with.Set("brokers", value.Unknown{Why: "task x"})
	out, err := actiontest.Call{Vars: with, Args: value.NewMap("src", "server.j2", "dest", "/etc/x"), Search: []string{"testdata"}}.Act(t, New())
	if err != nil || out.Unknown == "" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestEncode(t *testing.T) {
	for encoding, want := range map[string]string{"utf-8": "é", "iso_8859-1": "\xe9", "ascii": ""} {
		got, err := encode("é", encoding)
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q %v", encoding, got, err)
		}
	}
}
