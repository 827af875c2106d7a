package event

import "kops/internal/value"

// Mask returns a mask for a Bus that applies text to every text of an event that may hold
// what a host or a user said.
func Mask(text func(string) string) func(Event) Event {
	m := masker{text}
	return func(e Event) Event {
		switch e := e.(type) {
		case RunStarted:
			e.Command = m.texts(e.Command)
			return e
		case PlayStarted:
			e.Name = text(e.Name)
			return e
		case TaskStarted:
			e.Name = text(e.Name)
			return e
		case Result:
			return m.result(e)
		case Retry:
			e.Msg = text(e.Msg)
			return e
		case Progress:
			e.Name, e.Doing = text(e.Name), text(e.Doing)
			return e
		case Notified:
			e.Handlers = m.texts(e.Handlers)
			return e
		case Warning:
			e.Msg, e.Hint = text(e.Msg), text(e.Hint)
			return e
		case PlayEnded:
			e.Stopped = text(e.Stopped)
			return e
		case RunEnded:
			if e.Stats != nil {
				e.Stats = m.value(e.Stats).(*value.Map)
			}
			return e
		}
		return e
	}
}

type masker struct{ text func(string) string }

func (m masker) texts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = m.text(s)
	}
	return out
}

func (m masker) result(r Result) Result {
	r.Label, r.Msg = m.text(r.Label), m.text(r.Msg)
	r.Steps = m.texts(r.Steps)
	if r.Result != nil {
		r.Result = m.value(r.Result).(*value.Map)
	}
	diffs := make([]Diff, len(r.Diffs))
	for i, d := range r.Diffs {
		d.Before, d.After = m.text(d.Before), m.text(d.After)
		d.BeforeHeader, d.AfterHeader = m.text(d.BeforeHeader), m.text(d.AfterHeader)
		d.Note = m.text(d.Note)
		diffs[i] = d
	}
	r.Diffs = diffs
	return r
}

func (m masker) value(v value.Value) value.Value {
	switch v := v.(type) {
	case string:
		return m.text(v)
	case value.Bytes:
		return value.Bytes(m.text(string(v)))
	case *value.List:
		out := &value.List{Items: make([]value.Value, len(v.Items))}
		for i, item := range v.Items {
			out.Items[i] = m.value(item)
		}
		return out
	case value.Tuple:
		out := make(value.Tuple, len(v))
		for i, item := range v {
			out[i] = m.value(item)
		}
		return out
	case *value.Map:
		out := &value.Map{}
		for k, item := range v.All() {
			out.Set(m.value(k), m.value(item))
		}
		return out
	}
	return v
}
