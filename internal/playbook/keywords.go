package playbook

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// common sets a keyword that plays, blocks and tasks share, and tells whether key is one.
func (l *loader) common(k *Keywords, p yamlpos.Pair) bool {
	n := p.Value
	switch p.Key.Raw {
	case "name":
		k.Name = l.text(p)
	case "vars":
		k.Vars, k.VarsPos = l.vars(n)
	case "environment":
		k.Environment = l.mappings(p)
	case "tags":
		k.Tags = l.texts(p)
	case "when":
		k.When = l.exprs(p)
	case "become":
		k.Become = l.boolean(p)
	case "become_user":
		k.BecomeUser = l.text(p)
	case "become_method":
		k.BecomeMethod = l.text(p)
	case "become_flags":
		k.BecomeFlags = l.text(p)
	case "become_exe":
		k.BecomeExe = l.text(p)
	case "connection":
		k.Connection = l.text(p)
	case "port":
		k.Port = l.number(p)
	case "remote_user":
		k.RemoteUser = l.text(p)
	case "timeout":
		k.Timeout = l.number(p)
	case "throttle":
		k.Throttle = l.number(p)
	case "no_log":
		k.NoLog = l.boolean(p)
	case "run_once":
		k.RunOnce = l.boolean(p)
	case "ignore_errors":
		k.IgnoreErrors = l.boolean(p)
	case "ignore_unreachable":
		k.IgnoreUnreachable = l.boolean(p)
	case "any_errors_fatal":
		k.AnyErrorsFatal = l.boolean(p)
	case "check_mode":
		k.CheckMode = l.boolean(p)
	case "diff":
		k.Diff = l.boolean(p)
	case "delegate_to":
		k.DelegateTo = l.text(p)
	case "delegate_facts":
		k.DelegateFacts = l.boolean(p)
	case "module_defaults":
		k.ModuleDefaults = l.mappings(p)
	default:
		return false
	}
	l.notYet("keyword", p.Key)
	return true
}

func (l *loader) value(n *yamlpos.Node) value.Value {
	v, err := n.ToValue(yamlpos.Options{Decrypter: l.opts.Decrypter})
	l.list.Add(err)
	return v
}

// field returns a keyword's value as it is; one that is null counts as not given.
func (l *loader) field(n *yamlpos.Node) Field {
	if n.IsNull() {
		return Field{}
	}
	return Field{Value: l.value(n), Pos: n.Pos}
}

func (l *loader) wrong(p yamlpos.Pair, want string) {
	l.list.Add(diag.Errorf(p.Value.Pos, "%s must be %s, not %s", p.Key.Raw, want, p.Value.Describe()))
}

// text is a keyword that holds a text; numbers are taken for their text.
func (l *loader) text(p yamlpos.Pair) Field {
	f := l.field(p.Value)
	switch f.Value.(type) {
	case string, value.Template, nil:
	case *value.Map, *value.List:
		l.wrong(p, "a text")
	default:
		f.Value = p.Value.Raw
	}
	return f
}

// boolean is a keyword that is true or false; texts as Ansible knows them are taken too.
func (l *loader) boolean(p yamlpos.Pair) Field {
	f := l.field(p.Value)
	switch v := f.Value.(type) {
	case bool, value.Template, nil:
		return f
	case int64:
		if v == 0 || v == 1 {
			f.Value = v == 1
			return f
		}
	case string:
		switch strings.ToLower(v) {
		case "yes", "on", "true", "t", "y", "1":
			f.Value = true
			return f
		case "no", "off", "false", "f", "n", "0":
			f.Value = false
			return f
		}
	}
	l.wrong(p, "true or false")
	return f
}

func (l *loader) number(p yamlpos.Pair) Field {
	f := l.field(p.Value)
	switch v := f.Value.(type) {
	case int64, float64, *big.Int, value.Template, nil:
		return f
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			f.Value = n
			return f
		}
	}
	l.wrong(p, "a number")
	return f
}

// items are the members of a list, or the one thing that stands for a list of one.
func items(n *yamlpos.Node) []*yamlpos.Node {
	switch {
	case n.IsNull():
		return nil
	case n.Kind == yamlpos.Sequence:
		return n.Items
	}
	return []*yamlpos.Node{n}
}

func (l *loader) texts(p yamlpos.Pair) (fields []Field) {
	for _, n := range items(p.Value) {
		if f := l.text(yamlpos.Pair{Key: p.Key, Value: n}); f.Given() {
			fields = append(fields, f)
		}
	}
	return fields
}

// mappings are one mapping or a list of mappings, or templates of these.
func (l *loader) mappings(p yamlpos.Pair) (fields []Field) {
	for _, n := range items(p.Value) {
		f := l.field(n)
		switch f.Value.(type) {
		case *value.Map, value.Template:
			fields = append(fields, f)
		default:
			l.wrong(yamlpos.Pair{Key: p.Key, Value: n}, "a mapping")
		}
	}
	return fields
}

// exprs are one bare expression or a list of them, which all must hold.
func (l *loader) exprs(p yamlpos.Pair) (exprs []Expr) {
	for _, n := range items(p.Value) {
		switch {
		case n.Kind != yamlpos.Scalar:
			l.wrong(yamlpos.Pair{Key: p.Key, Value: n}, "an expression")
		case n.IsNull():
		default:
			if s, ok := n.Str(); ok && n.Tag == "" {
				exprs = append(exprs, Expr{Source: s, Pos: n.Text})
			} else {
				exprs = append(exprs, Expr{Literal: l.value(n), Pos: n.Pos})
			}
		}
	}
	return exprs
}

// vars are variables with the place of each.
func (l *loader) vars(n *yamlpos.Node) (*value.Map, map[string]value.Position) {
	if n.IsNull() {
		return nil, nil
	}
	if n.Kind != yamlpos.Mapping {
		l.list.Add(diag.Errorf(n.Pos, "vars must be a mapping of names to values, not %s", n.Describe()))
		return nil, nil
	}
	vars, pos := value.NewMap(), map[string]value.Position{}
	for _, p := range n.Pairs {
		name, ok := p.Key.Str()
		if !ok || !variableName.MatchString(name) {
			l.list.Add(diag.Errorf(p.Key.Pos, "%q cannot be the name of a variable", p.Key.Raw).
				WithHint("use letters, digits and underscores, and begin with a letter"))
			continue
		}
		vars.Set(name, l.value(p.Value))
		pos[name] = p.Key.Pos
	}
	return vars, pos
}
