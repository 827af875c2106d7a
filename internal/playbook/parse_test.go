package playbook

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kops/internal/diag"
	"kops/internal/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

var modules = []string{"copy", "command", "shell", "debug", "file", "fail", "meta", "systemd", "pause", "import_tasks",
	"include_tasks", "import_role", "include_role"}

var options = Options{
	Known:   func(name string) bool { return slices.Contains(modules, Short(name)) },
	Modules: modules,
	NotYet:  []string{"async", "include_role"},
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got:\n%s", path, got)
	}
}

func render(t *testing.T, list diag.List) string {
	t.Helper()
	var b strings.Builder
	if err := diag.Render(&b, list, diag.RenderOptions{Source: os.ReadFile}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBadInput(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		_, list := Load(file, options)
		if !list.HasErrors() {
			t.Errorf("%s: was read without an error", file)
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".golden", render(t, list))
	}
	if _, list := Load("testdata/none.yaml", options); len(list) != 1 || list[0].Error() != "testdata/none.yaml: the file does not exist" {
		t.Errorf("a missing file: %v", list)
	}
}

func TestLoad(t *testing.T) {
	pb, list := Load("testdata/good/site.yaml", options)
	if len(list) > 0 {
		t.Fatal(render(t, list))
	}
	var b strings.Builder
	for _, play := range pb.Plays {
		dumpStruct(&b, "play", "", reflect.ValueOf(*play))
	}
	golden(t, "testdata/good/site.golden", b.String())
}

// dumpStruct writes the fields of a part of the tree that are set, with the places of fields.
func dumpStruct(b *strings.Builder, name, indent string, v reflect.Value) {
	fmt.Fprintf(b, "%s%s:\n", indent, name)
	for i := range v.NumField() {
		dumpField(b, v.Type().Field(i).Name, indent+"  ", v.Field(i))
	}
}

func dumpField(b *strings.Builder, name, indent string, v reflect.Value) {
	if v.IsZero() || name == "Parent" || name == "VarsPos" || name == "RolesUsed" || name == "File" {
		return
	}
	switch x := v.Interface().(type) {
	case Field:
		fmt.Fprintf(b, "%s%s: %s at %d:%d\n", indent, name, show(x.Value), x.Pos.Line, x.Pos.Column)
	case Expr:
		fmt.Fprintf(b, "%s%s: %q %v at %d:%d\n", indent, name, x.Source, x.Literal, x.Pos.Line, x.Pos.Column)
	case value.Position:
		fmt.Fprintf(b, "%s%s: %s:%d:%d\n", indent, name, filepath.Base(x.File), x.Line, x.Column)
	case *value.Map:
		if x.Len() > 0 {
			fmt.Fprintf(b, "%s%s: %s\n", indent, name, show(x))
		}
	case map[string]value.Position:
		fmt.Fprintf(b, "%s%s:", indent, name)
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			fmt.Fprintf(b, " %s %d:%d", k, x[k].Line, x[k].Column)
		}
		b.WriteByte('\n')
	case *Role:
		fmt.Fprintf(b, "%s%s: %s defaults %s vars %s params %s\n", indent, name, x.Name, show(x.Defaults), show(x.Vars), show(x.Params))
	case Keywords:
		for i := range v.NumField() {
			dumpField(b, v.Type().Field(i).Name, indent, v.Field(i))
		}
	default:
		dumpKind(b, name, indent, v)
	}
}

func dumpKind(b *strings.Builder, name, indent string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			dumpField(b, name, indent, v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		e := v.Elem()
		if e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		dumpStruct(b, name+" "+e.Type().Name(), indent, e)
	default:
		fmt.Fprintf(b, "%s%s: %v\n", indent, name, v.Interface())
	}
}

func show(v value.Value) string {
	switch v := v.(type) {
	case *value.Map:
		var parts []string
		for k, item := range v.All() {
			parts = append(parts, fmt.Sprintf("%v: %s", k, show(item)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *value.List:
		var parts []string
		for _, item := range v.Items {
			parts = append(parts, show(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case value.Template:
		return fmt.Sprintf("template(%q %d:%d)", v.Source, v.Pos.Line, v.Pos.Column)
	}
	return fmt.Sprintf("%#v", v)
}

func TestLoadTasks(t *testing.T) {
	play := &Play{File: "testdata/good/site.yaml"}
	parent := &Block{}
	file, err := FindTasks("tasks/a.yaml", play.File, play, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	entries, list := LoadTasks(file, play, parent, nil, false, options)
	if len(list) > 0 || len(entries) != 1 || entries[0].Up() != parent {
		t.Errorf("got %v, %v", entries, list)
	}
	if _, err := FindTasks("none.yaml", play.File, play, nil, false); err == nil ||
		!strings.Contains(err.Error(), "the file none.yaml does not exist; looked for testdata/good/none.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestLoadRole(t *testing.T) {
	play := &Play{File: "testdata/good/site.yaml"}
	b, handlers, list := LoadRole(RoleUse{Name: "kafka", TasksFrom: "check"}, play, nil, nil, options)
	if len(list) > 0 || len(b.Block) != 2 || len(handlers) != 2 || len(play.Handlers) != 0 {
		t.Errorf("got %v, %v, %v", b, handlers, list)
	}
}

func TestImportNamesAreResolved(t *testing.T) {
	opts := options
	opts.Resolve = func(tmpl value.Template, play *Play) (string, error) {
		return strings.ReplaceAll(tmpl.Source, "{{ which }}", play.Vars.String("which")), nil
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"p.yaml": "- hosts: all\n  tasks:\n    - import_tasks: \"{{ which }}.yaml\"\n  vars: {which: x}\n",
		"x.yaml": "- debug:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pb, list := Load(filepath.Join(dir, "p.yaml"), opts)
	if len(list) > 0 || len(pb.Plays[0].Tasks) != 1 {
		t.Errorf("got %v, %v", pb, list)
	}
}
