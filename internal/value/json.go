package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSONOptions are those of Python's json.dumps. The zero options write compact JSON with
// characters as they are; PythonJSON has Python's defaults.
type JSONOptions struct {
	ItemSeparator string // "," if empty
	KeySeparator  string // ":" if empty
	Indent        string // one level's indentation; "" keeps all on one line, unless Multiline
	Multiline     bool   // break lines even though Indent is empty
	SortKeys      bool
	EnsureASCII   bool // write other characters as \uXXXX
	Strict        bool // no NaN and Infinity, which Python writes and JSON does not know
}

// PythonJSON is how json.dumps writes by default.
var PythonJSON = JSONOptions{ItemSeparator: ", ", KeySeparator: ": ", EnsureASCII: true}

// JSON encodes v as Python's json.dumps does. Undefined and Unknown values are errors.
func JSON(v Value, o JSONOptions) (string, error) {
	if o.ItemSeparator == "" {
		o.ItemSeparator = ","
	}
	if o.KeySeparator == "" {
		o.KeySeparator = ":"
	}
	o.Multiline = o.Multiline || o.Indent != ""
	w := jsonWriter{JSONOptions: o}
	if err := w.write(v, 0); err != nil {
		return "", err
	}
	return string(w.out), nil
}

type jsonWriter struct {
	JSONOptions
	out     []byte
	lenient bool // for events: what JSON cannot say is described
}

func (w *jsonWriter) write(v Value, depth int) error {
	if depth > maxDepth {
		return errors.New("circular reference detected")
	}
	switch v := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
	case *big.Int:
		w.out = v.Append(w.out, 10)
	case float64:
		return w.float(v)
	case string:
		w.text(v)
	case Template:
		w.text(v.Source)
	case *List:
		return w.items(v.Items, depth)
	case Tuple:
		return w.items(v, depth)
	case *Map:
		return w.mapping(v, depth)
	case Undefined:
		return v
	case Unknown:
		if !w.lenient {
			return fmt.Errorf("a value is not known yet: %s", v.Why)
		}
		return w.mapping(NewMap("unknown", v.Why), depth)
	case Bytes:
		if !w.lenient {
			return errors.New("Object of type bytes is not JSON serializable")
		}
		w.text(strings.ToValidUTF8(string(v), "\uFFFD"))
	case Object:
		m, err := objectMap(v)
		if err != nil {
			return err
		}
		return w.mapping(m, depth)
	default:
		return fmt.Errorf("Object of type %s is not JSON serializable", TypeName(v))
	}
	return nil
}

func (w *jsonWriter) float(f float64) error {
	text := FloatText(f)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		if w.lenient {
			w.text(text)
			return nil
		}
		if w.Strict {
			return errors.New("out of range float values are not JSON compliant")
		}
		text = map[string]string{"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[text]
	}
	w.out = append(w.out, text...)
	return nil
}

func (w *jsonWriter) newline(depth int) {
	if w.Multiline {
		w.out = append(w.out, '\n')
		for range depth {
			w.out = append(w.out, w.Indent...)
		}
	}
}

func (w *jsonWriter) items(items []Value, depth int) error {
	w.out = append(w.out, '[')
	for i, item := range items {
		if i > 0 {
			w.out = append(w.out, w.ItemSeparator...)
		}
		w.newline(depth + 1)
		if err := w.write(item, depth+1); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		w.newline(depth)
	}
	w.out = append(w.out, ']')
	return nil
}

func (w *jsonWriter) mapping(m *Map, depth int) error {
	keys := m.Keys()
	if w.SortKeys {
		var err error
		slices.SortStableFunc(keys, func(a, b Value) int {
			c, e := Compare(a, b)
			if e != nil {
				err = e
			}
			return c
		})
		if err != nil {
			return err
		}
	}
	w.out = append(w.out, '{')
	for i, k := range keys {
		if i > 0 {
			w.out = append(w.out, w.ItemSeparator...)
		}
		w.newline(depth + 1)
		if err := w.key(k); err != nil {
			return err
		}
		w.out = append(w.out, w.KeySeparator...)
		if err := w.write(m.At(k), depth+1); err != nil {
			return err
		}
	}
	if len(keys) > 0 {
		w.newline(depth)
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *jsonWriter) key(k Value) error {
	switch k := k.(type) {
	case string:
		w.text(k)
	case Template:
		w.text(k.Source)
	case nil:
		w.text("null")
	case bool:
		w.text(strconv.FormatBool(k))
	case int64, *big.Int, float64:
		w.text(Str(k))
	default:
		if !w.lenient {
			return fmt.Errorf("keys must be str, int, float, bool or None, not %s", TypeName(k))
		}
		w.text(Str(k))
	}
	return nil
}

const hexDigits = "0123456789abcdef"

func (w *jsonWriter) text(s string) {
	w.out = append(w.out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			w.char(c)
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case !w.EnsureASCII:
			w.out = utf8.AppendRune(w.out, r)
		case r > 0xffff:
			r -= 0x10000
			w.unicode(0xd800 + r>>10)
			w.unicode(0xdc00 + r&0x3ff)
		default:
			w.unicode(r)
		}
	}
	w.out = append(w.out, '"')
}

func (w *jsonWriter) char(c byte) {
	switch {
	case c == '"' || c == '\\':
		w.out = append(w.out, '\\', c)
	case c == '\n':
		w.out = append(w.out, '\\', 'n')
	case c == '\r':
		w.out = append(w.out, '\\', 'r')
	case c == '\t':
		w.out = append(w.out, '\\', 't')
	case c == '\b':
		w.out = append(w.out, '\\', 'b')
	case c == '\f':
		w.out = append(w.out, '\\', 'f')
	case c < ' ':
		w.unicode(rune(c))
	default:
		w.out = append(w.out, c)
	}
}

func (w *jsonWriter) unicode(r rune) {
	w.out = append(w.out, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

func marshal(v Value) ([]byte, error) {
	w := jsonWriter{JSONOptions: JSONOptions{ItemSeparator: ",", KeySeparator: ":"}, lenient: true}
	if err := w.write(v, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

// MarshalJSON implements json.Marshaler: compact, in order. What JSON cannot say is
// described, but for Undefined values, which are errors.
func (m *Map) MarshalJSON() ([]byte, error) { return marshal(m) }

// MarshalJSON implements json.Marshaler, as a Map's does.
func (l *List) MarshalJSON() ([]byte, error) { return marshal(l) }

// MarshalJSON implements json.Marshaler, as a Map's does.
func (t Tuple) MarshalJSON() ([]byte, error) { return marshal(t) }

// MarshalJSON implements json.Marshaler: the template's source.
func (t Template) MarshalJSON() ([]byte, error) { return marshal(t) }

// MarshalJSON implements json.Marshaler: the bytes as text.
func (b Bytes) MarshalJSON() ([]byte, error) { return marshal(b) }

// MarshalJSON implements json.Marshaler: {"unknown": why}.
func (u Unknown) MarshalJSON() ([]byte, error) { return marshal(u) }

// MarshalJSON implements json.Marshaler: always an error, since there is no value.
func (u Undefined) MarshalJSON() ([]byte, error) { return nil, u }

// UnmarshalJSON implements json.Unmarshaler, keeping the order of keys.
func (m *Map) UnmarshalJSON(data []byte) error {
	v, err := ParseJSON(data)
	if err != nil {
		return err
	}
	parsed, ok := v.(*Map)
	if !ok {
		return fmt.Errorf("expected a mapping, found %s", TypeName(v))
	}
	*m = *parsed
	return nil
}
