package template

import (
	"fmt"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// A Verdict is the answer to a list of conditions.
type Verdict struct {
	Holds   bool
	Unknown bool   // an Unknown decides: neither Holds nor not
	Clause  string // the clause that was false or unknown, as it is written
	Why     string // what is unknown
}

// A Clause is one condition: an expression, or a literal where Source is empty.
type Clause struct {
	Source  string
	Literal value.Value
	Pos     value.Position
}

// Conditions judges clauses that must all hold. The first that does not decides.
func (s *Scope) Conditions(clauses []Clause) (Verdict, error) {
	var unknown *Verdict
	for _, c := range clauses {
		v, err := s.clause(c)
		if err != nil {
			return Verdict{}, err
		}
		if u, ok := v.(value.Unknown); ok {
			if unknown == nil {
				unknown = &Verdict{Unknown: true, Clause: c.text(), Why: u.Why}
			}
			continue
		}
		holds, err := s.truth(c, v)
		if err != nil {
			return Verdict{}, err
		}
		if !holds {
			return Verdict{Clause: c.text()}, nil
		}
	}
	if unknown != nil {
		return *unknown, nil
	}
	return Verdict{Holds: true}, nil
}

func (c Clause) text() string {
	if c.Source == "" {
		return value.Str(c.Literal)
	}
	return c.Source
}

// clause evaluates one condition: a bare expression, or text that is a template as a whole.
func (s *Scope) clause(c Clause) (value.Value, error) {
	if c.Source == "" {
		return c.Literal, nil
	}
	if strings.Contains(c.Source, "{{") || strings.Contains(c.Source, "{%") {
		return s.Value(value.Template{Source: c.Source, Pos: c.Pos})
	}
	v, err := s.Expression(c.Source, c.Pos)
	if err != nil {
		return nil, err
	}
	return v, undefinedIn(v, c.Pos)
}

// truth is strict, as in ansible-core since 2.19: a condition must be a boolean. None,
// which an empty condition gives, holds.
func (s *Scope) truth(c Clause, v value.Value) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case nil:
		if c.Source == "" {
			return true, nil
		}
	}
	if s.engine.opts.LooseConditions {
		return value.Truth(v), nil
	}
	if text, ok := v.(string); ok {
		switch strings.ToLower(text) {
		case "true", "false": // from `-e flag=true` and the like, which are texts
			return false, diag.Errorf(c.Pos, "the condition %q is the text %s, not a boolean", c.text(), value.Repr(v)).
				WithHint("write `%s | bool`", c.text())
		}
	}
	d := diag.Errorf(c.Pos, "the condition %q gives %s, a value of type %s: conditions must be true or false", c.text(), short(v), value.TypeName(v))
	return false, d.WithHint("write `%s | bool`, or a comparison such as `%s | length > 0`", c.text(), c.text())
}

func short(v value.Value) string {
	text := value.Repr(v)
	if len(text) > 60 {
		text = fmt.Sprintf("%s…", text[:57])
	}
	return text
}
