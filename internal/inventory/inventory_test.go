package inventory

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

var update = flag.Bool("update", false, "write the golden files anew")

func load(t *testing.T, sources ...string) (*Inventory, diag.List) {
	t.Helper()
	return Load(context.Background(), sources, yamlpos.Options{})
}

func site(t *testing.T) *Inventory {
	t.Helper()
	inv, list := load(t, "testdata/site")
	if len(list) > 0 {
		t.Fatal(list)
	}
	return inv
}

func hostVars(inv *Inventory) func(*Host) *value.Map {
	return func(h *Host) *value.Map {
		m := value.NewMap()
		for _, layer := range inv.Layers(h, nil) {
			m.Merge(layer)
		}
		return m
	}
}

// plain turns values into what encoding/json makes of their JSON.
func plain(v value.Value) any {
	switch v := v.(type) {
	case *value.Map:
		m := map[string]any{}
		for k, item := range v.All() {
			m[fmt.Sprint(k)] = plain(item)
		}
		return m
	case *value.List:
		l := []any{}
		for _, item := range v.Items {
			l = append(l, plain(item))
		}
		return l
	case value.Template:
		return v.Source
	case int64:
		return float64(v)
	}
	return v
}

func TestListAsAnsible(t *testing.T) {
	recorded, err := os.ReadFile("testdata/site.list")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(recorded, &want); err != nil {
		t.Fatal(err)
	}
	delete(want["_meta"].(map[string]any), "profile")
	inv := site(t)
	got := plain(inv.List(hostVars(inv))).(map[string]any)
	for key := range want {
		if !reflect.DeepEqual(got[key], want[key]) {
			g, _ := json.Marshal(got[key])
			w, _ := json.Marshal(want[key])
			t.Errorf("%s: got\n%s\nwant\n%s", key, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d groups, want %d", len(got), len(want))
	}
}

func TestGraphAsAnsible(t *testing.T) {
	want, err := os.ReadFile("testdata/site.graph")
	if err != nil {
		t.Fatal(err)
	}
	if got := site(t).Group(All).Graph(); got != string(want) {
		t.Errorf("got:\n%s", got)
	}
}

func TestMatchAsAnsible(t *testing.T) {
	f, err := os.Open("testdata/site.patterns")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inv := site(t)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		pattern, want, _ := strings.Cut(lines.Text(), " =")
		hosts, list := inv.Match(pattern)
		if got := names(hosts); got != strings.TrimSpace(want) || len(list) > 0 {
			t.Errorf("%s: got %s (%v), want %s", pattern, got, list, want)
		}
	}
}

func names(hosts []*Host) string {
	var n []string
	for _, h := range hosts {
		n = append(n, h.Name)
	}
	return strings.Join(n, " ")
}

func TestMatchDiagnostics(t *testing.T) {
	inv := site(t)
	tests := []struct{ pattern, want string }{
		{"kafak", `the host pattern "kafak" matches no host and no group; did you mean "kafka"?`},
		{"kafka[9]", `the host pattern "kafka[9]" points past the 4 hosts that match without its subscript`},
		{"~(", "the host pattern \"~(\" is not a regular expression: error parsing regexp: missing closing ): `^(?:()`"},
		{"kafka:!nothing-like-it", `the host pattern "nothing-like-it" matches no host and no group`},
	}
	for _, test := range tests {
		if _, list := inv.Match(test.pattern); len(list) != 1 || list[0].Error() != test.want {
			t.Errorf("%s: got %v", test.pattern, list)
		}
	}
}

func TestPositions(t *testing.T) {
	inv := site(t)
	h := inv.Host("kafka04")
	if got := fmt.Sprint(h.Pos.Line, h.VarsPos["heap"].Line, inv.Group("clusters").VarsPos["port"].Line, inv.Host("ops1").Pos.Line); got != "13 14 23 4" {
		t.Errorf("got %s", got)
	}
	tmpl, ok := h.Vars.At("heap").(value.Template)
	if !ok || tmpl.Pos.Line != 14 || tmpl.Pos.Column != 18 {
		t.Errorf("got %#v", h.Vars.At("heap"))
	}
}

func TestHostListAndLimit(t *testing.T) {
	inv, list := load(t, "a,b[1:2]:2200,::1", "testdata/site/a.yaml")
	if len(list) > 0 || names(inv.Hosts[:4]) != "a b1 b2 ::1" || inv.Host("b2").Vars.At("ansible_port") != int64(2200) {
		t.Errorf("got %s, %v", names(inv.Hosts), list)
	}
	file := filepath.Join(t.TempDir(), "retry")
	if err := os.WriteFile(file, []byte("# failed\nkafka01\nkafka02\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	limit, err := ReadLimit("zk1,@" + file)
	if err != nil || limit != "zk1,kafka01,kafka02" {
		t.Errorf("got %q, %v", limit, err)
	}
	if _, err := ReadLimit("@/none"); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestScript(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inv.py")
	write := func(text string) {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(`cat <<X
{"web": {"hosts": ["w1", "w2"], "vars": {"a": "{{ b }}"}, "children": ["db"]}, "db": ["d1"],
 "_meta": {"hostvars": {"w1": {"x": 1}, "free": {"y": [1]}}}}
X
`)
	inv, list := load(t, path)
	if len(list) > 0 || inv.Host("w1").Vars.At("x") != int64(1) || names(inv.Group(Ungrouped).Hosts) != "free" ||
		names(inv.Group("web").AllHosts()) != "w1 w2 d1" {
		t.Errorf("got %s, %v", inv.Group(All).Graph(), list)
	}
	write(`[ "$1" = --host ] && echo "{\"me\": \"$2\"}" || echo '{"g": ["h1", "h2"]}'` + "\n")
	if inv, list = load(t, path); len(list) > 0 || inv.Host("h2").Vars.At("me") != "h2" {
		t.Errorf("without _meta: %v", list)
	}
	for text, want := range map[string]string{
		"echo broken >&2; exit 1\n": "failed when called with --list: exit status 1",
		"echo '{'\n":                "printed no JSON when called with --list",
		"echo '[]'\n":               "printed a list, not a JSON mapping of groups",
	} {
		write(text)
		if _, list := load(t, path); len(list) != 1 || !strings.Contains(list[0].Summary, want) {
			t.Errorf("%q: got %v", text, list)
		}
	}
}

func TestBadInput(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		_, list := load(t, file)
		var b strings.Builder
		if err := diag.Render(&b, list, diag.RenderOptions{Source: os.ReadFile}); err != nil {
			t.Fatal(err)
		}
		golden := file + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || b.String() != string(want) {
			t.Errorf("%s: got:\n%s", file, b.String())
		}
	}
}

func TestEmptyInventoryHasNoHosts(t *testing.T) {
	inv, list := load(t)
	if len(inv.Hosts) != 0 || len(list) > 0 {
		t.Errorf("got %v, %v", inv.Hosts, list)
	}
	if h := inv.Host("localhost"); h == nil || !h.Implicit || h.Vars.String("ansible_connection") != "local" {
		t.Errorf("got %v", h)
	}
}

func TestLayersOrder(t *testing.T) {
	inv := site(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"group_vars/all.yml": "level: play-all\np: all\n", "host_vars/kafka01.yml": "heap: 9g\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	play, list := ReadVarsDir(dir, inv, yamlpos.Options{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	m := value.NewMap()
	for _, layer := range inv.Layers(inv.Host("kafka01"), play) {
		m.Merge(layer)
	}
	if got := fmt.Sprintln(m.At("level"), m.At("p"), m.At("heap"), m.At("port"), m.At("a")); got != "play-all all 9g 9092 2\n" {
		t.Errorf("got %s", got)
	}
}
