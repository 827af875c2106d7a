package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kops/internal/value"
)

// shortSequence is [start-]end[/stride][:format].
var shortSequence = regexp.MustCompile(`(?i)^(?:(0?x?[0-9a-f]+)-)?(0?x?[0-9a-f]+)(?:/(0?x?[0-9a-f]+))?(?::(.+))?$`)

func sequenceLookup(l *lookupCall) ([]value.Value, error) {
	terms, err := l.texts()
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 && l.Options.Len() > 0 {
		terms = []string{""}
	}
	var out []value.Value
	for _, term := range terms {
		options := &value.Map{}
		if m := shortSequence.FindStringSubmatch(term); m != nil {
			for i, name := range []string{"start", "end", "stride", "format"} {
				if m[i+1] != "" {
					options.Set(name, m[i+1])
				}
			}
		} else {
			rest, named := keyValues(term)
			if rest != "" {
				return nil, fmt.Errorf("unrecognized arguments to with_sequence: %s", value.Repr(rest))
			}
			options = named
		}
		items, err := l.inline(options).sequence()
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// whole reads an integer option in decimal, octal (0600) or hexadecimal (0x3f).
func (l *lookupCall) whole(name string, def int64) (n int64, given bool, err error) {
	v, ok := l.Options.Get(name)
	if !ok || v == nil {
		return def, false, nil
	}
	if s, isText := v.(string); isText {
		switch {
		case len(s) > 1 && s[0] == '0' && strings.Trim(s, "01234567") == "":
			v, err = value.ParseInt(s, 8)
		default:
			v, err = value.ParseInt(s, 0)
		}
	}
	n, isInt := v.(int64)
	if err != nil || !isInt {
		return 0, true, fmt.Errorf("can't parse %s=%s as integer", name, value.Str(l.Options.At(name)))
	}
	return n, true, nil
}

func (l *lookupCall) sequence() ([]value.Value, error) {
	if err := l.known("start", "end", "count", "stride", "format"); err != nil {
		return nil, err
	}
	start, _, err1 := l.whole("start", 1)
	end, hasEnd, err2 := l.whole("end", 0)
	count, hasCount, err3 := l.whole("count", 0)
	stride, _, err4 := l.whole("stride", 1)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	format := l.text("format", "%d")
	switch {
	case !hasEnd && !hasCount:
		return nil, errors.New("must specify count or end in with_sequence")
	case hasEnd && hasCount:
		return nil, errors.New("can't specify both count and end in with_sequence")
	case hasCount && count == 0:
		return nil, nil
	case hasCount:
		end = start + count*stride - 1
	}
	switch {
	case stride > 0 && end < start:
		return nil, errors.New("to count backwards make stride negative")
	case stride < 0 && end > start:
		return nil, errors.New("to count forward don't make stride negative")
	case stride == 0:
		return nil, nil
	case strings.Count(format, "%") != 1:
		return nil, fmt.Errorf("bad formatting string: %s", format)
	}
	var out []value.Value
	for i := start; stride > 0 && i <= end || stride < 0 && i >= end; i += stride {
		text, err := value.Printf(format, i)
		if err != nil {
			return nil, fmt.Errorf("problem formatting %d with %s", i, value.Repr(format))
		}
		if err := l.Spend(len(text) + 1); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}
