package run

import (
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
)

// keyword returns the nearest given value of a keyword: the entry's own, those of the
// blocks around it, the play's.
func keyword(e playbook.Entry, play *playbook.Play, pick func(*playbook.Keywords) playbook.Field) playbook.Field {
	if f := pick(e.Base()); f.Given() {
		return f
	}
	for b := e.Up(); b != nil; b = b.Parent {
		if f := pick(&b.Keywords); f.Given() {
			return f
		}
	}
	return pick(&play.Keywords)
}

// flag evaluates a boolean keyword; def counts where it is not given.
func flag(s *template.Scope, f playbook.Field, def bool) (bool, error) {
	if !f.Given() {
		return def, nil
	}
	v, err := s.Value(f.Value)
	if err != nil {
		return false, err
	}
	if u, ok := v.(value.Unknown); ok {
		return false, &template.Unknowable{Unknown: u}
	}
	b, err := module.ToBool(v)
	if err != nil {
		return false, diag.Errorf(f.Pos, "%w", err)
	}
	return b, nil
}

// number evaluates an integer keyword; def counts where it is not given.
func number(s *template.Scope, f playbook.Field, def int64) (int64, error) {
	if !f.Given() {
		return def, nil
	}
	v, err := s.Value(f.Value)
	if err != nil {
		return 0, err
	}
	n, err := module.ToInt(v)
	if err != nil {
		return 0, diag.Errorf(f.Pos, "%w", err)
	}
	return n, nil
}

// text evaluates a text keyword; "" where it is not given.
func text(s *template.Scope, f playbook.Field) (string, error) {
	if !f.Given() {
		return "", nil
	}
	return s.Text(f.Value)
}

// conditions are the clauses that decide whether a task runs: those of the import that
// brought the play, of the blocks around it, outermost first, then its own.
func (p *play) conditions(e playbook.Entry) []template.Clause {
	var chain []*playbook.Keywords
	for b := e.Up(); b != nil; b = b.Parent {
		chain = append(chain, &b.Keywords)
	}
	out := clauses(p.When)
	for i := len(chain) - 1; i >= 0; i-- {
		out = append(out, clauses(chain[i].When)...)
	}
	return append(out, clauses(e.Base().When)...)
}

func clauses(exprs []playbook.Expr) []template.Clause {
	out := make([]template.Clause, len(exprs))
	for i, e := range exprs {
		out[i] = template.Clause{Source: e.Source, Literal: e.Literal, Pos: e.Pos}
	}
	return out
}

// blocksOf lists the blocks around an entry, outermost first.
func blocksOf(e playbook.Entry) []*playbook.Block {
	var up []*playbook.Block
	for b := e.Up(); b != nil; b = b.Parent {
		up = append([]*playbook.Block{b}, up...)
	}
	return up
}

// percentage evaluates a keyword that is a number of per cent, with or without the sign.
func percentage(s *template.Scope, f playbook.Field) (float64, error) {
	v, err := s.Text(f.Value)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v), "%"), 64)
	if err != nil || n < 0 || n > 100 {
		return 0, diag.Errorf(f.Pos, "%q is not a percentage between 0 and 100", v)
	}
	return n, nil
}
