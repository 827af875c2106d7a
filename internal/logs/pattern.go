package logs

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern makes an extended regular expression for any awk of a pattern as Go's regexp has them: hosts differ
// in what their awk knows of classes, repetitions and case. Matching goes by bytes there.
func Pattern(text string) (string, error) {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := render(&b, re.Simplify()); err != nil {
		return "", err
	}
	return b.String(), nil
}

func render(b *strings.Builder, re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpEmptyMatch:
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			literal(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		return class(b, re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('.')
	case syntax.OpBeginLine, syntax.OpBeginText:
		b.WriteByte('^')
	case syntax.OpEndLine, syntax.OpEndText:
		b.WriteByte('$')
	case syntax.OpCapture, syntax.OpConcat:
		return group(b, re.Sub, "")
	case syntax.OpAlternate:
		some := slices.DeleteFunc(slices.Clone(re.Sub), func(r *syntax.Regexp) bool { return r.Op == syntax.OpEmptyMatch })
		if err := group(b, some, "|"); err != nil || len(some) == len(re.Sub) {
			return err
		}
		b.WriteByte('?')
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		if err := group(b, re.Sub, ""); err != nil {
			return err
		}
		b.WriteByte(map[syntax.Op]byte{syntax.OpStar: '*', syntax.OpPlus: '+', syntax.OpQuest: '?'}[re.Op])
	default:
		return fmt.Errorf("%s is not known to the awk of every host", re)
	}
	return nil
}

func group(b *strings.Builder, parts []*syntax.Regexp, between string) error {
	b.WriteByte('(')
	for i, p := range parts {
		if i > 0 {
			b.WriteString(between)
		}
		if err := render(b, p); err != nil {
			return err
		}
	}
	b.WriteByte(')')
	return nil
}

func literal(b *strings.Builder, r rune, fold bool) {
	switch {
	case fold && r < utf8.RuneSelf && unicode.IsLetter(r):
		b.WriteString("[" + string(unicode.ToLower(r)) + string(unicode.ToUpper(r)) + "]")
	case strings.ContainsRune(`\.+*?()|[]{}^$`, r):
		b.WriteString(`\` + string(r))
	default:
		b.WriteRune(r)
	}
}

// class renders ranges. Of what is not ASCII, a class has all or nothing.
func class(b *strings.Builder, ranges []rune) error {
	var in [utf8.RuneSelf]bool
	rest := false
	for i := 0; i < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		for c := lo; c <= hi && c < utf8.RuneSelf; c++ {
			in[c] = true
		}
		switch {
		case hi == unicode.MaxRune:
			rest = true
		case hi >= utf8.RuneSelf && hi != '\u017f' && hi != '\u212a': // what s and k are folded to
			return fmt.Errorf("a class of characters may name those of ASCII alone, not %c", hi)
		}
	}
	var members []byte
	for c := byte(1); c < utf8.RuneSelf; c++ {
		if in[c] != rest && c != ']' && c != '^' && c != '-' && c != '\\' {
			members = append(members, c)
		}
	}
	set := string(members)
	for _, special := range []byte("^\\-") { // a - at the end, ^ not at the beginning
		if in[special] != rest {
			set += string(special)
			if special == '\\' {
				set += `\`
			}
		}
	}
	if in[']'] != rest {
		set = "]" + set
	}
	switch {
	case rest && set == "":
		b.WriteByte('.')
	case rest:
		b.WriteString("[^" + set + "]")
	case set == "^":
		b.WriteString(`\^`)
	default:
		b.WriteString("[" + set + "]")
	}
	return nil
}
