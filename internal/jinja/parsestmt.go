package jinja

import "strings"

// statement parses what follows the start of a block tag.
func (p *parser) statement() []stmt {
	t := p.cur()
	if t.kind != tName {
		p.fail(t, "expected the name of a tag, got %q", t.describe())
	}
	p.next()
	switch t.text {
	case "for":
		return []stmt{p.forTag(t)}
	case "if":
		return []stmt{p.ifTag(t)}
	case "set":
		return []stmt{p.setTag(t)}
	case "with":
		return []stmt{p.withTag(t)}
	case "macro":
		return []stmt{p.macroTag(t)}
	case "call":
		return []stmt{p.callTag(t)}
	case "filter":
		return []stmt{p.filterTag(t)}
	case "block":
		return []stmt{p.blockTag(t)}
	case "extends":
		return []stmt{&extendsStmt{at(t.at), p.expression(true)}}
	case "include":
		return []stmt{p.includeTag(t)}
	case "import":
		s := &importStmt{at: at(t.at), name: p.expression(true)}
		p.expectKeyword("as")
		s.alias = p.assignName().text
		s.withContext = p.contextRule(false)
		p.declare(s.alias)
		return []stmt{s}
	case "from":
		return []stmt{p.fromTag(t)}
	case "print":
		return p.printTag()
	case "do":
		return []stmt{&doStmt{p.tuple(tupleRules{cond: true})}}
	case "break", "continue":
		if p.inLoop == 0 {
			p.fail(t, "%q outside of a loop", t.text)
		}
		if t.text == "break" {
			return []stmt{breakStmt{}}
		}
		return []stmt{continueStmt{}}
	case "autoescape":
		return []stmt{p.autoescapeTag(t)}
	}
	p.unknownTag(t)
	return nil
}

func (p *parser) ifTag(open token) stmt {
	s := &ifStmt{}
	for {
		s.tests = append(s.tests, p.tuple(tupleRules{}))
		body, end := p.body(open, "elif", "else", "endif")
		s.bodies = append(s.bodies, body)
		switch end.text {
		case "else":
			s.els, _ = p.body(open, "endif")
			return s
		case "endif":
			return s
		}
	}
}

func (p *parser) forTag(open token) stmt {
	s := &forStmt{at: at(open.at)}
	s.target = p.target(false, "in")
	p.expectKeyword("in")
	s.iter = p.tuple(tupleRules{end: "recursive"})
	p.push()
	p.declareTarget(s.target)
	p.declare("loop")
	p.loops = append(p.loops, s)
	if p.skipName("if") {
		s.test = p.expression(true)
	}
	s.recursive = p.skipName("recursive")
	p.inLoop++
	var end token
	s.body, end = p.body(open, "else", "endfor")
	p.inLoop--
	p.loops = p.loops[:len(p.loops)-1]
	p.pop()
	if end.text == "else" {
		p.push()
		s.els, _ = p.body(open, "endfor")
		p.pop()
	}
	return s
}

func (p *parser) setTag(open token) stmt {
	tgt := p.target(true, "")
	if p.skipOp("=") {
		s := &setStmt{tgt, p.tuple(tupleRules{cond: true})}
		p.declareTarget(tgt)
		return s
	}
	s := &setBlockStmt{target: tgt}
	for p.skipOp("|") {
		s.filters = append(s.filters, p.filter(nil))
	}
	p.push()
	s.body, _ = p.body(open, "endset")
	p.pop()
	p.declareTarget(tgt)
	return s
}

func (p *parser) withTag(open token) stmt {
	s := &withStmt{}
	for p.cur().kind != tBlockEnd && !p.isOp(":") {
		if len(s.targets) > 0 {
			p.expectOp(",")
		}
		s.targets = append(s.targets, p.target(false, ""))
		p.expectOp("=")
		s.vals = append(s.vals, p.expression(true))
	}
	p.push()
	for _, tgt := range s.targets {
		p.declareTarget(tgt)
	}
	s.body, _ = p.body(open, "endwith")
	p.pop()
	return s
}

func (p *parser) autoescapeTag(open token) stmt {
	t := p.cur()
	x, ok := p.expression(true).(*constExpr)
	if !ok || x.val != false {
		p.fail(t, "autoescape is not supported: text is never escaped unless a filter does so")
	}
	p.push()
	body, _ := p.body(open, "endautoescape")
	p.pop()
	return &scopeStmt{body}
}

func (p *parser) signature(s *macroStmt) {
	p.expectOp("(")
	for !p.isOp(")") {
		if len(s.params) > 0 {
			p.expectOp(",")
		}
		name := p.assignName()
		var def expr
		if p.skipOp("=") {
			def = p.expression(true)
		} else if n := len(s.params); n > 0 && s.params[n-1].def != nil {
			p.fail(name, "non-default argument follows default argument")
		}
		s.params = append(s.params, param{name.text, def})
		p.declare(name.text)
	}
	p.expectOp(")")
}

// macroBody parses the body of a macro or call block in a scope of its own.
func (p *parser) macroBody(s *macroStmt, open token, end string) {
	for _, name := range []string{"varargs", "kwargs", "caller"} {
		p.declare(name)
	}
	p.macros = append(p.macros, s)
	loops, inLoop := p.loops, p.inLoop
	p.inLoop = 0
	s.body, _ = p.body(open, end)
	p.loops, p.inLoop = loops, inLoop
	p.macros = p.macros[:len(p.macros)-1]
}

func (p *parser) macroTag(open token) stmt {
	s := &macroStmt{at: at(open.at), name: p.assignName().text}
	p.declare(s.name)
	p.push()
	p.signature(s)
	p.macroBody(s, open, "endmacro")
	p.pop()
	return s
}

func (p *parser) callTag(open token) stmt {
	caller := &macroStmt{at: at(open.at)}
	p.push()
	if p.isOp("(") {
		p.signature(caller)
	}
	p.pop()
	t := p.cur()
	call, ok := p.expression(true).(*callExpr)
	if !ok {
		p.fail(t, "expected a call after %q", "call")
	}
	p.push()
	for _, prm := range caller.params {
		p.declare(prm.name)
	}
	p.macroBody(caller, open, "endcall")
	p.pop()
	return &callStmt{at(open.at), call, caller}
}

func (p *parser) filterTag(open token) stmt {
	s := &filterStmt{filters: []*filterExpr{p.filter(nil)}}
	for p.skipOp("|") {
		s.filters = append(s.filters, p.filter(nil))
	}
	p.push()
	s.body, _ = p.body(open, "endfilter")
	p.pop()
	return s
}

func (p *parser) blockTag(open token) stmt {
	name := p.expectName("the name of a block")
	s := &blockStmt{at: at(open.at), name: name.text}
	s.scoped = p.skipName("scoped")
	s.required = p.skipName("required")
	if p.isOp("-") {
		p.fail(name, "block names may not contain hyphens; use an underscore instead")
	}
	if p.t.blocks[s.name] != nil {
		p.fail(name, "block %q is defined twice", s.name)
	}
	p.t.blocks[s.name] = s
	p.push()
	p.declare("super")
	p.declare("self")
	s.body, _ = p.body(open, "endblock")
	p.pop()
	if s.required && !blank(s.body) {
		p.fail(name, "required blocks can only contain comments or white space")
	}
	p.skipName(s.name)
	return s
}

func blank(body []stmt) bool {
	for _, s := range body {
		if text, ok := s.(*textStmt); !ok || strings.TrimSpace(text.text) != "" {
			return false
		}
	}
	return true
}

func (p *parser) contextRule(def bool) bool {
	if (p.isName("with") || p.isName("without")) && p.look().kind == tName && p.look().text == "context" {
		with := p.next().text == "with"
		p.next()
		return with
	}
	return def
}

func (p *parser) includeTag(open token) stmt {
	for _, loop := range p.loops { // the included template may use it
		loop.usesLoop = true
	}
	s := &includeStmt{at: at(open.at), name: p.expression(true)}
	if p.isName("ignore") && p.look().text == "missing" {
		p.next()
		p.next()
		s.ignoreMissing = true
	}
	s.withContext = p.contextRule(true)
	return s
}

func (p *parser) fromTag(open token) stmt {
	s := &fromStmt{at: at(open.at), name: p.expression(true)}
	p.expectKeyword("import")
	for {
		if (p.isName("with") || p.isName("without")) && p.look().text == "context" {
			break
		}
		name := p.assignName()
		if strings.HasPrefix(name.text, "_") {
			p.fail(name, "names starting with an underline can not be imported")
		}
		alias := name
		if p.skipName("as") {
			alias = p.assignName()
		}
		s.names = append(s.names, name.text)
		s.aliases = append(s.aliases, alias.text)
		p.declare(alias.text)
		if !p.skipOp(",") || p.cur().kind == tBlockEnd {
			break
		}
	}
	s.withContext = p.contextRule(false)
	return s
}

func (p *parser) printTag() []stmt {
	var out []stmt
	for p.cur().kind != tBlockEnd {
		if len(out) > 0 {
			p.expectOp(",")
		}
		out = append(out, &outputStmt{p.expression(true)})
	}
	return out
}

// assignName reads a name that is assigned to.
func (p *parser) assignName() token {
	t := p.expectName("a name")
	switch t.text {
	case "true", "false", "none", "True", "False", "None":
		p.fail(t, "can't assign to %q", t.text)
	}
	return t
}

func (p *parser) declareTarget(t target) {
	if t.name != "" && t.attr == "" {
		p.declare(t.name)
	}
	for _, item := range t.items {
		p.declareTarget(item)
	}
}

// target reads what is assigned to: names with commas between them, or one name.
func (p *parser) target(namespaces bool, end string) target {
	first := p.cur()
	var items []target
	tuple := false
	for {
		if len(items) > 0 && (p.isOp("=") || p.isOp(")") || p.cur().kind == tBlockEnd || end != "" && p.isName(end)) {
			break
		}
		items = append(items, p.targetItem(namespaces))
		if !p.skipOp(",") {
			break
		}
		tuple = true
	}
	if !tuple {
		return items[0]
	}
	return target{at: at(first.at), items: items, tuple: true}
}

func (p *parser) targetItem(namespaces bool) target {
	p.enter()
	defer p.leave()
	t := p.cur()
	if p.skipOp("(") {
		inner := p.target(namespaces, "")
		p.expectOp(")")
		return inner
	}
	if t.kind != tName {
		p.fail(t, "can't assign to %s", t.describe())
	}
	name := p.assignName()
	tgt := target{at: at(name.at), name: name.text}
	if p.isOp(".") {
		if !namespaces {
			p.fail(t, "can't assign to an attribute here")
		}
		p.next()
		tgt.attr = p.expectName("a name").text
		p.refer(name)
	}
	return tgt
}
