package jinja

import "kops/internal/value"

// An output collects what a template prints. One part alone keeps its native value; more
// are joined as text. None is not a part, as in Ansible.
type output struct {
	parts   int
	first   value.Value
	at      int // of first
	buf     []byte
	discard bool // after extends, only assignments matter
}

func (o *output) text(f *frame, s string) error {
	if o.discard {
		return nil
	}
	if o.parts == 0 {
		o.first, o.parts = s, 1
		return nil
	}
	if o.parts == 1 {
		if err := o.join(f); err != nil {
			return err
		}
	}
	o.parts++
	o.buf = append(o.buf, s...)
	return f.st.charge(len(s))
}

// join turns the first part into text, since another follows.
func (o *output) join(f *frame) error {
	s, err := f.printed(o.first, o.at)
	o.buf = append(o.buf, s...)
	o.first = nil
	return err
}

// printed is the text of a value between others: tuples look like lists, as in Ansible.
func (f *frame) printed(v value.Value, offset int) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case value.Undefined:
		return "", f.undefined(offset, v)
	}
	v, err := f.resolve(v)
	if err != nil {
		return "", f.wrap(offset, err)
	}
	s, err := f.str(finalize(v))
	if err != nil {
		return "", f.wrap(offset, err)
	}
	return s, nil
}

func (o *output) value(f *frame, v value.Value, offset int) error {
	if v == nil {
		return nil
	}
	if u, ok := v.(value.Unknown); ok {
		return &unknownStop{u}
	}
	if o.parts == 0 {
		o.first, o.at, o.parts = v, offset, 1
		return nil
	}
	s, err := f.printed(v, offset)
	if err != nil {
		return err
	}
	return o.text(f, s)
}

// result is what was printed: None where nothing was.
func (o *output) result() value.Value {
	if o.parts <= 1 {
		return o.first
	}
	return string(o.buf)
}

// capture executes body with an output of its own, and returns what it printed.
func (f *frame) capture(body []stmt) (value.Value, error) {
	g := *f
	g.out = &output{}
	err := g.execAll(body)
	if s, ok := err.(*unknownStop); ok {
		return s.u, nil
	}
	if err != nil {
		return nil, err
	}
	return g.out.result(), nil
}

// finalize makes a result what Ansible's results are: tuples become lists. v is copied
// only where it has some.
func finalize(v value.Value) value.Value {
	if !hasTuple(v) {
		return v
	}
	all := func(items []value.Value) *value.List {
		out := make([]value.Value, len(items))
		for i, item := range items {
			out[i] = finalize(item)
		}
		return value.NewList(out...)
	}
	switch v := v.(type) {
	case value.Tuple:
		return all(v)
	case *group:
		return all(v.tuple())
	case *value.List:
		return all(v.Items)
	case *value.Map:
		m := &value.Map{}
		for k, item := range v.All() {
			m.Set(k, finalize(item))
		}
		return m
	}
	return v
}

func hasTuple(v value.Value) bool {
	switch v := v.(type) {
	case value.Tuple, *group:
		return true
	case *value.List:
		for _, item := range v.Items {
			if hasTuple(item) {
				return true
			}
		}
	case *value.Map:
		for _, item := range v.All() {
			if hasTuple(item) {
				return true
			}
		}
	}
	return false
}
