package jinja

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// maxNesting bounds how deep expressions and statements may be nested.
const maxNesting = 200

// A parser builds the tree. Errors leave it as a panic with a *diag.Diagnostic, which
// Env.parse recovers.
type parser struct {
	env    *Env
	t      *Template
	tokens []token
	i      int
	depth  int
	scopes []map[string]bool // names that the template sets, innermost last
	macros []*macroStmt      // being parsed
	loops  []*forStmt
	blocks []endTags
	inLoop int
	seen   map[string]bool // of Refs
}

type endTags struct {
	tags []string
	open token // the tag that is to be closed
}

func (e *Env) parse(source string, pos value.Position, expression bool) (t *Template, err error) {
	t = &Template{env: e, source: source, pos: pos, blocks: map[string]*blockStmt{}}
	lex := &lexer{opts: &e.opts, src: source, begin: pos}
	p := &parser{env: e, t: t, seen: map[string]bool{}, scopes: []map[string]bool{{}}}
	if p.tokens, err = lex.run(expression); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			d, ok := r.(*diag.Diagnostic)
			if !ok {
				panic(r)
			}
			t, err = nil, d
		}
	}()
	if expression {
		if p.cur().kind == tEOF {
			p.fail(p.cur(), "expected an expression, got nothing")
		}
		t.expr = p.expression(true)
		if p.cur().kind != tEOF {
			hint := ""
			if p.cur().text == "=" {
				hint = "to compare, write =="
			}
			p.failHint(p.cur(), hint, "unexpected %q after the expression", p.cur().describe())
		}
	} else {
		t.body = p.statements(nil, token{})
		t.static = !lex.tagged
	}
	return t, nil
}

func (t *Template) position(offset int) value.Position { return positionIn(t.source, offset, t.pos) }

func (p *parser) fail(t token, format string, args ...any) {
	panic(diag.Errorf(p.t.position(t.at), format, args...))
}

func (p *parser) failHint(t token, hint, format string, args ...any) {
	d := diag.Errorf(p.t.position(t.at), format, args...)
	d.Hint = hint
	panic(d)
}

func (p *parser) cur() token { return p.tokens[p.i] }

func (p *parser) look() token { return p.tokens[min(p.i+1, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tEOF {
		p.i++
	}
	return t
}

func (p *parser) isOp(op string) bool { return p.cur().kind == tOp && p.cur().text == op }

func (p *parser) isName(name string) bool { return p.cur().kind == tName && p.cur().text == name }

func (p *parser) skipOp(op string) bool {
	if p.isOp(op) {
		p.next()
		return true
	}
	return false
}

func (p *parser) skipName(name string) bool {
	if p.isName(name) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expectOp(op string) token {
	if !p.isOp(op) {
		p.fail(p.cur(), "expected %q, got %q", op, p.cur().describe())
	}
	return p.next()
}

func (p *parser) expectName(what string) token {
	if p.cur().kind != tName {
		p.fail(p.cur(), "expected %s, got %q", what, p.cur().describe())
	}
	return p.next()
}

func (p *parser) expectKeyword(name string) {
	if !p.skipName(name) {
		p.fail(p.cur(), "expected %q, got %q", name, p.cur().describe())
	}
}

func (p *parser) expect(k kind) {
	if p.cur().kind != k {
		p.fail(p.cur(), "expected %s, got %q", token{kind: k}.describe(), p.cur().describe())
	}
	p.next()
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.cur(), "the template is nested more than %d levels deep", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) push()               { p.scopes = append(p.scopes, map[string]bool{}) }
func (p *parser) pop()                { p.scopes = p.scopes[:len(p.scopes)-1] }
func (p *parser) declare(name string) { p.scopes[len(p.scopes)-1][name] = true }

func (p *parser) declared(name string) bool {
	return slices.ContainsFunc(p.scopes, func(s map[string]bool) bool { return s[name] })
}

// refer notes the use of a name that may come from outside.
func (p *parser) refer(t token) {
	if p.declared(t.text) {
		return
	}
	if _, ok := p.env.globals[t.text]; ok {
		return
	}
	p.note(&p.t.names, "name", t.text, t.at)
}

func (p *parser) note(refs *[]Ref, what, name string, offset int) {
	if key := what + " " + name; !p.seen[key] {
		p.seen[key] = true
		*refs = append(*refs, Ref{Name: name, Pos: p.t.position(offset)})
	}
}

// dotted reads the name of a filter or test: it may have dots.
func (p *parser) dotted(what string) token {
	t := p.expectName("the name of a " + what)
	for p.skipOp(".") {
		t.text += "." + p.expectName("a name").text
	}
	return t
}

func (p *parser) function(t token, what string, known map[string]function) function {
	fn, ok := known[t.text]
	if !ok {
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		slices.Sort(names)
		p.failHint(t, diag.Suggest(t.text, names), "no %s named %s", what, value.Repr(t.text))
	}
	return fn
}

// statements parses up to one of the end tags, which is left as the current token, or
// to the end of the template where there are none.
func (p *parser) statements(ends []string, open token) []stmt {
	p.enter()
	defer p.leave()
	p.blocks = append(p.blocks, endTags{ends, open})
	defer func() { p.blocks = p.blocks[:len(p.blocks)-1] }()
	var body []stmt
	for {
		switch t := p.next(); t.kind {
		case tEOF:
			if ends != nil {
				p.fail(open, "the tag %q is never closed: %s is missing", open.text, quoteAll(ends))
			}
			return body
		case tData:
			body = append(body, &textStmt{t.text})
		case tVarBegin:
			body = append(body, &outputStmt{p.tuple(tupleRules{cond: true})})
			p.expect(tVarEnd)
		case tBlockBegin:
			if p.cur().kind == tName && slices.Contains(ends, p.cur().text) {
				return body
			}
			body = append(body, p.statement()...)
			p.expect(tBlockEnd)
		default:
			p.fail(t, "unexpected %q", t.describe())
		}
	}
}

// body parses a tag's body up to one of ends, and reads the end tag's name.
func (p *parser) body(open token, ends ...string) ([]stmt, token) {
	p.skipOp(":")
	p.expect(tBlockEnd)
	body := p.statements(ends, open)
	return body, p.next()
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(quoted, " or ")
}

func (p *parser) unknownTag(t token) {
	ends := p.blocks[len(p.blocks)-1]
	closing := []string{"endfor", "endif", "else", "elif", "endblock", "endmacro", "endcall", "endfilter", "endset", "endwith", "endautoescape", "endraw"}
	if slices.Contains(closing, t.text) {
		if ends.tags == nil {
			p.fail(t, "the tag %q closes nothing that is open", t.text)
		}
		p.fail(t, "the tag %q does not fit here: %q is open, which needs %s", t.text, ends.open.text, quoteAll(ends.tags))
	}
	p.failHint(t, diag.Suggest(t.text, append(statementTags(), ends.tags...)), "unknown tag %q", t.text)
}

func statementTags() []string {
	return []string{"for", "if", "block", "extends", "print", "macro", "include", "from", "import", "set", "with",
		"autoescape", "call", "filter", "do", "break", "continue", "raw"}
}
