package event

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestDocumented holds docs/events.md and the events together: each event has its section, or its row
// among the others, and each field of its JSON is named there.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(page), "\n## ")[1:] {
		title, text, _ := strings.Cut(s, "\n")
		sections[title] = text
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|.*$").FindAllStringSubmatch(sections["Others"], -1) {
		sections[row[1]] = row[0]
	}
	var names []string
	for _, e := range samples() {
		names = append(names, reflect.TypeOf(e).Name())
		text, ok := sections[e.Kind()]
		if !ok {
			t.Errorf("docs/events.md has no section or row for %s", e.Kind())
			continue
		}
		for _, field := range fields(reflect.TypeOf(e)) {
			if !strings.Contains(text, "`"+field+"`") {
				t.Errorf("docs/events.md does not name %s of %s", field, e.Kind())
			}
		}
	}
	for _, name := range kindsInSource(t) {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			t.Errorf("%s is not among the samples of this test", name)
		}
	}
}

// fields are the names of a struct's JSON with those of its parts, but for places, which the page
// explains once.
func fields(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Name() == "Position" || t.Name() == "Time" {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(append(names, name), fields(t.Field(i).Type)...)
	}
	return names
}

// kindsInSource are the types that event.go gives a Kind.
func kindsInSource(t *testing.T) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "Kind" && f.Recv != nil {
			names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	return names
}
