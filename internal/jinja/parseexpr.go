package jinja

import (
	"strconv"

	"kops/internal/value"
)

func (p *parser) expression(cond bool) expr {
	p.enter()
	defer p.leave()
	if !cond {
		return p.or()
	}
	x := p.or()
	for p.isName("if") {
		t := p.next()
		c := &condExpr{at: at(t.at), then: x, test: p.or()}
		if p.skipName("else") {
			c.els = p.expression(true)
		}
		x = c
	}
	return x
}

func (p *parser) or() expr {
	l := p.and()
	for p.isName("or") {
		t := p.next()
		l = &orExpr{at(t.at), l, p.and()}
	}
	return l
}

func (p *parser) and() expr {
	l := p.not()
	for p.isName("and") {
		t := p.next()
		l = &andExpr{at(t.at), l, p.not()}
	}
	return l
}

func (p *parser) not() expr {
	if p.isName("not") {
		p.enter()
		defer p.leave()
		t := p.next()
		return &notExpr{at(t.at), p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	first := p.sum()
	c := &compareExpr{at: at(first.offset()), first: first}
	for {
		t := p.cur()
		op := ""
		switch {
		case t.kind == tOp && (t.text == "==" || t.text == "!=" || t.text == "<" || t.text == "<=" || t.text == ">" || t.text == ">="):
			op = t.text
		case p.isName("in"):
			op = "in"
		case p.isName("not") && p.look().kind == tName && p.look().text == "in":
			p.next()
			op = "not in"
		}
		if op == "" {
			break
		}
		p.next()
		if len(c.ops) == 0 {
			c.at = at(t.at)
		}
		c.ops = append(c.ops, comparison{op, p.sum()})
	}
	if len(c.ops) == 0 {
		return first
	}
	return c
}

func (p *parser) sum() expr {
	l := p.concat()
	for p.isOp("+") || p.isOp("-") {
		t := p.next()
		l = &arithExpr{at(t.at), value.Op(t.text), l, p.concat()}
	}
	return l
}

func (p *parser) concat() expr {
	first := p.product()
	if !p.isOp("~") {
		return first
	}
	c := &concatExpr{at: at(p.cur().at), parts: []expr{first}}
	for p.skipOp("~") {
		c.parts = append(c.parts, p.product())
	}
	return c
}

func (p *parser) product() expr {
	l := p.power()
	for p.isOp("*") || p.isOp("/") || p.isOp("//") || p.isOp("%") {
		t := p.next()
		l = &arithExpr{at(t.at), value.Op(t.text), l, p.power()}
	}
	return l
}

func (p *parser) power() expr {
	l := p.unary(true)
	for p.isOp("**") {
		t := p.next()
		l = &arithExpr{at(t.at), value.Pow, l, p.unary(true)}
	}
	return l
}

func (p *parser) unary(filters bool) expr {
	p.enter()
	defer p.leave()
	var x expr
	if p.isOp("-") || p.isOp("+") {
		t := p.next()
		x = &signExpr{at(t.at), t.text == "-", p.unary(false)}
	} else {
		x = p.primary()
	}
	x = p.postfix(x)
	if filters {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tName:
		return p.name(t)
	case tString:
		for p.cur().kind == tString {
			t.text += p.next().text
		}
		return &constExpr{at(t.at), t.text}
	case tInt:
		return &constExpr{at(t.at), p.integer(t)}
	case tFloat:
		f, _ := strconv.ParseFloat(t.text, 64) // the lexer checked it; too large is infinite, as in Python
		return &constExpr{at(t.at), f}
	case tOp:
		switch t.text {
		case "(":
			x := p.tuple(tupleRules{cond: true, parens: true})
			p.expectOp(")")
			return x
		case "[":
			return p.list(t)
		case "{":
			return p.dict(t)
		}
	}
	p.fail(t, "unexpected %q", t.describe())
	return nil
}

func (p *parser) name(t token) expr {
	switch t.text {
	case "true", "True":
		return &constExpr{at(t.at), true}
	case "false", "False":
		return &constExpr{at(t.at), false}
	case "none", "None":
		return &constExpr{at(t.at), nil}
	case "loop":
		if n := len(p.loops); n > 0 {
			p.loops[n-1].usesLoop = true
		}
	}
	for _, m := range p.macros {
		switch t.text {
		case "varargs":
			m.usesVarargs = true
		case "kwargs":
			m.usesKwargs = true
		case "caller":
			m.usesCaller = true
		}
	}
	p.refer(t)
	return &nameExpr{at(t.at), t.text}
}

func (p *parser) integer(t token) value.Value {
	v, err := value.ParseInt(t.text, 0)
	if err != nil {
		p.fail(t, "%w", err)
	}
	return v
}

// tupleRules say what ends a tuple that has no parentheses.
type tupleRules struct {
	cond   bool   // "a if b" is allowed in it
	parens bool   // it is in parentheses, so it may be empty
	end    string // a name that ends it
}

// tuple parses expressions with commas between them, or one expression.
func (p *parser) tuple(r tupleRules) expr {
	start := p.cur()
	var items []expr
	isTuple := false
	for {
		t := p.cur()
		if t.kind == tVarEnd || t.kind == tBlockEnd || p.isOp(")") || r.end != "" && p.isName(r.end) {
			break
		}
		items = append(items, p.expression(r.cond))
		if !p.skipOp(",") {
			break
		}
		isTuple = true
	}
	if !isTuple {
		if len(items) == 1 {
			return items[0]
		}
		if !r.parens {
			p.fail(p.cur(), "expected an expression, got %q", p.cur().describe())
		}
	}
	return &tupleExpr{at(start.at), items}
}

func (p *parser) list(open token) expr {
	l := &listExpr{at: at(open.at)}
	for !p.isOp("]") {
		if len(l.items) > 0 {
			p.expectOp(",")
			if p.isOp("]") {
				break
			}
		}
		l.items = append(l.items, p.expression(true))
	}
	p.expectOp("]")
	return l
}

func (p *parser) dict(open token) expr {
	d := &dictExpr{at: at(open.at)}
	for !p.isOp("}") {
		if len(d.keys) > 0 {
			p.expectOp(",")
			if p.isOp("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression(true))
		p.expectOp(":")
		d.vals = append(d.vals, p.expression(true))
	}
	p.expectOp("}")
	return d
}

func (p *parser) postfix(x expr) expr {
	for {
		switch {
		case p.isOp("."), p.isOp("["):
			x = p.subscript(x)
		case p.isOp("("):
			x = p.call(x)
		default:
			return x
		}
	}
}

func (p *parser) filters(x expr) expr {
	for {
		switch {
		case p.skipOp("|"):
			x = p.filter(x)
		case p.isName("is"):
			x = p.test(x)
		case p.isOp("("):
			x = p.call(x)
		default:
			return x
		}
	}
}

func (p *parser) subscript(x expr) expr {
	t := p.next()
	if t.text == "." {
		name := p.next()
		switch name.kind {
		case tName:
			p.mutation(name.text)
			return &attrExpr{at(name.at), x, name.text}
		case tInt:
			return &itemExpr{at(name.at), x, &constExpr{at(name.at), p.integer(name)}}
		}
		p.fail(name, "expected a name or number after the dot, got %q", name.describe())
	}
	var keys []expr
	for !p.isOp("]") {
		if len(keys) > 0 {
			p.expectOp(",")
		}
		keys = append(keys, p.subscribed())
	}
	p.expectOp("]")
	if len(keys) == 1 {
		if c, ok := keys[0].(*constExpr); ok {
			if name, ok := c.val.(string); ok {
				p.mutation(name)
			}
		}
		return &itemExpr{at(t.at), x, keys[0]}
	}
	return &itemExpr{at(t.at), x, &tupleExpr{at(t.at), keys}}
}

// mutation notes that the template may modify lists or mappings.
func (p *parser) mutation(method string) {
	if mutating[method] {
		p.t.mutates = true
	}
}

func (p *parser) subscribed() expr {
	s := &sliceExpr{at: at(p.cur().at)}
	if !p.isOp(":") {
		x := p.expression(true)
		if !p.isOp(":") {
			return x
		}
		s.start = x
	}
	p.expectOp(":")
	if !p.isOp(":") && !p.isOp("]") && !p.isOp(",") {
		s.stop = p.expression(true)
	}
	if p.skipOp(":") && !p.isOp("]") && !p.isOp(",") {
		s.step = p.expression(true)
	}
	return s
}

func (p *parser) arguments() arguments {
	open := p.expectOp("(")
	var a arguments
	bad := func() { p.fail(open, "invalid syntax for function call expression") }
	for first := true; !p.isOp(")"); first = false {
		if !first {
			p.expectOp(",")
			if p.isOp(")") {
				break
			}
		}
		switch {
		case p.isOp("*"):
			if a.star != nil || a.starstar != nil {
				bad()
			}
			p.next()
			a.star = p.expression(true)
		case p.isOp("**"):
			if a.starstar != nil {
				bad()
			}
			p.next()
			a.starstar = p.expression(true)
		case p.cur().kind == tName && p.look().kind == tOp && p.look().text == "=":
			if a.starstar != nil {
				bad()
			}
			name := p.next()
			for _, other := range a.names {
				if other == name.text {
					p.fail(name, "keyword argument repeated: %s", name.text)
				}
			}
			p.next()
			a.names = append(a.names, name.text)
			a.vals = append(a.vals, p.expression(true))
		default:
			if a.star != nil || a.starstar != nil || len(a.names) > 0 {
				bad()
			}
			a.pos = append(a.pos, p.expression(true))
		}
	}
	p.expectOp(")")
	return a
}

func (p *parser) call(fn expr) expr {
	t := p.cur()
	return &callExpr{at(t.at), fn, p.arguments()}
}

// filter parses a filter after its pipe.
func (p *parser) filter(target expr) *filterExpr {
	t := p.dotted("filter")
	f := &filterExpr{at: at(t.at), target: target, name: t.text, fn: p.function(t, "filter", p.env.filters)}
	p.note(&p.t.filters, "filter", t.text, t.at)
	if p.isOp("(") {
		f.args = p.arguments()
	}
	if t.text == "attr" {
		p.t.mutates = true // it may name any method
	}
	return f
}

func (p *parser) test(target expr) expr {
	p.next()
	not := p.isName("not")
	notAt := p.cur().at
	if not {
		p.next()
	}
	t := p.dotted("test")
	x := &testExpr{at: at(t.at), target: target, name: t.text, fn: p.function(t, "test", p.env.tests)}
	p.note(&p.t.tests, "test", t.text, t.at)
	switch c := p.cur(); {
	case p.isOp("("):
		x.args = p.arguments()
	case c.kind == tString, c.kind == tInt, c.kind == tFloat, p.isOp("["), p.isOp("{"),
		c.kind == tName && c.text != "else" && c.text != "or" && c.text != "and":
		if p.isName("is") {
			p.fail(c, "you cannot chain multiple tests with is")
		}
		if !p.keywordAfterTest(c) {
			x.args.pos = []expr{p.postfix(p.primary())}
		}
	}
	if not {
		return &notExpr{at(notAt), x}
	}
	return x
}

// keywordAfterTest tells whether a name after a test belongs to what surrounds it.
// Jinja2 itself takes any other name as the test's argument, "if" and "in" too, and then
// fails at what follows.
func (p *parser) keywordAfterTest(t token) bool {
	return t.kind == tName && (t.text == "if" || t.text == "in" || t.text == "recursive" || t.text == "not")
}
