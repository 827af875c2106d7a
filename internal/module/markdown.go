package module

import (
	"fmt"
	"reflect"
	"strings"
)

// Markdown returns the module's page: what it does, its arguments, results, examples.
func (m *Module) Markdown() string {
	var b strings.Builder
	name := m.Name
	if m.Collection != "" {
		name = m.Collection + "." + m.Name
	}
	fmt.Fprintf(&b, "# %s\n\n%s\n", name, m.Doc.Summary)
	if len(m.Aliases) > 0 {
		fmt.Fprintf(&b, "\nAlso: %s\n", strings.Join(m.Aliases, ", "))
	}
	for _, note := range m.Doc.Notes {
		fmt.Fprintf(&b, "\n- %s", note)
	}
	if len(m.Doc.Notes) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("\n## Arguments\n\n")
	var unsupported []string
	for _, a := range m.Arguments() {
		if a.Unsupported {
			unsupported = append(unsupported, fmt.Sprintf("- `%s`: %s", a.Name, a.Doc))
			continue
		}
		b.WriteString(a.markdown())
	}
	if len(unsupported) > 0 {
		fmt.Fprintf(&b, "\n## Not supported\n\n%s\n", strings.Join(unsupported, "\n"))
	}
	if len(m.Doc.Returns) > 0 {
		b.WriteString("\n## Results\n\n")
		for _, r := range m.Doc.Returns {
			fmt.Fprintf(&b, "- `%s` (%s): %s\n", r.Name, r.Type, r.Text)
		}
	}
	if m.Doc.Examples != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```yaml\n%s\n```\n", strings.Trim(m.Doc.Examples, "\n"))
	}
	return b.String()
}

func (a Argument) markdown() string {
	var facts []string
	facts = append(facts, a.Type)
	if a.Required {
		facts = append(facts, "required")
	}
	if len(a.Choices) > 0 {
		facts = append(facts, "one of "+strings.Join(a.Choices, ", "))
	}
	if a.Default != nil && !a.Secret {
		v := reflect.ValueOf(a.Default)
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if k := v.Kind(); k == reflect.String || k == reflect.Bool || k == reflect.Int || k == reflect.Int64 || k == reflect.Float64 || k == reflect.Slice {
			facts = append(facts, fmt.Sprintf("default %v", v.Interface()))
		}
	}
	if len(a.Aliases) > 0 {
		facts = append(facts, "also "+strings.Join(a.Aliases, ", "))
	}
	return fmt.Sprintf("- `%s` (%s): %s\n", a.Name, strings.Join(facts, "; "), a.Doc)
}
