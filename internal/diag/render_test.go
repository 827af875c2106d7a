package diag

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(file string, line, column int) value.Position {
	return value.Position{File: file, Line: line, Column: column}
}

var sources = map[string]string{
	"play.yaml": "- hosts: all\n\n  tasks:\n    - name: start it\n      systemd:\n        nmae: kafka\n",
	"tab.yaml":  "a:\n\tb: 1\n",
	"long.yaml": "key: " + strings.Repeat("0123456789", 30) + "\n",
	"vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
	"wide.yaml": "größe: {{ x }}\n",
	"bin.yaml":  "a: \x1b[31m\n",
}

func TestRender(t *testing.T) {
	unknown := Errorf(at("play.yaml", 6, 9), "unknown argument %q of module systemd", "nmae").WithHint(`did you mean "name"?`)
	unknown.Related = []Related{{at("play.yaml", 4, 7), "in the task 'start it'"}, {value.Position{}, "while loading the role kafka"}}
	detailed := &Diagnostic{Pos: at("missing.yaml", 0, 0), Summary: "cannot read it", Detail: "first line\n\nthird line\n", Hint: "one\ntwo"}
	tests := []struct {
		name  string
		list  List
		color bool
	}{
		{"argument", List{unknown}, false},
		{"color", List{unknown}, true},
		{"first_line", List{Errorf(at("play.yaml", 1, 3), "wrong")}, false},
		{"blank_line_before", List{Errorf(at("play.yaml", 3, 3), "wrong")}, false},
		{"tab", List{Errorf(at("tab.yaml", 2, 1), "a tab")}, false},
		{"long_line", List{Errorf(at("long.yaml", 1, 200), "far right"), Errorf(at("long.yaml", 1, 6), "left")}, false},
		{"column_past_end", List{Errorf(at("tab.yaml", 1, 40), "at the end")}, false},
		{"vault", List{Errorf(at("vault.yml", 1, 1), "in the decrypted text")}, false},
		{"wide", List{Errorf(at("wide.yaml", 1, 8), "unquoted")}, false},
		{"control", List{Errorf(at("bin.yaml", 1, 4), "control character")}, false},
		{"detail", List{detailed}, false},
		{"several", List{unknown, Warningf(at("tab.yaml", 1, 1), "odd"), {Summary: "nowhere"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			err := Render(&b, test.list, RenderOptions{Color: test.color, Source: func(f string) ([]byte, error) {
				if s, ok := sources[f]; ok {
					return []byte(s), nil
				}
				return nil, errors.New("no such file")
			}})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", test.name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"stat", `did you mean "state"?`},
		{"naem", `did you mean "name"?`},
		{"x", ""},
		{"daemon-reload", `did you mean "daemon_reload"?`},
		{"something", ""},
	}
	for _, test := range tests {
		if got := Suggest(test.name, []string{"name", "state", "enabled", "daemon_reload"}); got != test.want {
			t.Errorf("Suggest(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestListSort(t *testing.T) {
	l := List{Errorf(at("b", 1, 1), "x"), Errorf(at("a", 2, 1), "x"), Errorf(at("a", 1, 5), "x"), Errorf(at("a", 1, 5), "x")}
	l.Add(errors.New("plain"))
	l.Sort()
	var got []string
	for _, d := range l {
		got = append(got, d.Error())
	}
	if want := "plain a:1:5: x a:2:1: x b:1:1: x"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
