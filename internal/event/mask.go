package event

import (
	"math/big"
	"slices"
	"strings"

	"kops/internal/value"
)

// A Masker finds secrets in texts.
type Masker interface {
	// Mask returns a text without secrets.
	Mask(text string) string
	// HoldsShort tells whether a text holds a secret that is too short to be searched for:
	// what stands beside it must not be shown either.
	HoldsShort(text string) bool
	// HasSecrets tells whether there is anything to find.
	HasSecrets() bool
}

// tooShort is why a result is censored that holds such a secret.
const tooShort = "the result is hidden: it holds a secret that is too short to be told from harmless text"

// Mask returns a mask for a Bus, for every text of an event that may hold what a host or a
// user said.
func Mask(by Masker) func(Event) Event {
	m := masker{by}
	text := by.Mask
	return func(e Event) Event {
		if !by.HasSecrets() {
			return e
		}
		switch e := e.(type) {
		case RunStarted:
			e.Command, e.Playbooks, e.Inventories = m.texts(e.Command), m.texts(e.Playbooks), m.texts(e.Inventories)
			return e
		case PlayStarted:
			e.Name, e.Skipped, e.Pos.File = text(e.Name), text(e.Skipped), text(e.Pos.File)
			return e
		case TaskStarted:
			e.Name, e.Role, e.Pos.File = text(e.Name), text(e.Role), text(e.Pos.File)
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
		case HandlerOwed:
			e.Handler, e.Play, e.Task = text(e.Handler), text(e.Play), text(e.Task)
			return e
		case Gate:
			e.Cluster, e.Problems = text(e.Cluster), m.texts(e.Problems)
			return e
		case Warning:
			e.Msg, e.Hint, e.Pos.File = text(e.Msg), text(e.Hint), text(e.Pos.File)
			return e
		case PlayEnded:
			e.Stopped = text(e.Stopped)
			return e
		case RunEnded:
			if e.Stats != nil {
				e.Stats = m.value(e.Stats).(*value.Map)
			}
			e.Error = text(e.Error)
			return e
		}
		return e
	}
}

type masker struct{ Masker }

func (m masker) texts(list []string) []string {
	out := slices.Clone(list)
	for i, s := range out {
		out[i] = m.Mask(s)
	}
	return out
}

func (m masker) result(r Result) Result {
	r.Pos.File = m.Mask(r.Pos.File)
	if m.holdsShort(r) {
		if r.Msg != "" {
			r.Msg = tooShort
		}
		r.Label, r.Steps, r.Diffs = "", nil, nil
		r.Result = value.NewMap("censored", tooShort, "changed", r.Status == Changed)
		return r
	}
	r.Label, r.Msg = m.Mask(r.Label), m.Mask(r.Msg)
	r.Steps = m.texts(r.Steps)
	if r.Result != nil {
		r.Result = m.value(r.Result).(*value.Map)
	}
	diffs := make([]Diff, len(r.Diffs))
	for i, d := range r.Diffs {
		d.Before, d.After = m.Mask(d.Before), m.Mask(d.After)
		d.BeforeHeader, d.AfterHeader = m.Mask(d.BeforeHeader), m.Mask(d.AfterHeader)
		d.Note = m.Mask(d.Note)
		diffs[i] = d
	}
	r.Diffs = diffs
	return r
}

func (m masker) holdsShort(r Result) bool {
	for _, d := range r.Diffs {
		if m.HoldsShort(d.Before) || m.HoldsShort(d.After) {
			return true
		}
	}
	return m.HoldsShort(r.Label) || m.HoldsShort(r.Msg) || r.Result != nil && m.valueHoldsShort(r.Result)
}

// valueHoldsShort looks at texts alone: a number is a code or a count more often than a secret.
func (m masker) valueHoldsShort(v value.Value) bool {
	switch v := v.(type) {
	case string:
		return m.HoldsShort(v)
	case value.Bytes:
		return m.HoldsShort(string(v))
	case *value.List:
		return slices.ContainsFunc(v.Items, m.valueHoldsShort)
	case value.Tuple:
		return slices.ContainsFunc(v, m.valueHoldsShort)
	case *value.Map:
		for _, item := range v.All() { // keys are names
			if m.valueHoldsShort(item) {
				return true
			}
		}
	}
	return false
}

// lines returns what stdout_lines and its like become: the lines of the masked text, where
// a secret is found that goes over several.
func (m masker) lines(key value.Value, in *value.Map) (value.Value, bool) {
	name, _ := key.(string)
	of, ok := strings.CutSuffix(name, "_lines")
	if !ok {
		return nil, false
	}
	text, ok := in.At(of).(string)
	masked := m.Mask(text)
	if !ok || masked == text {
		return nil, false
	}
	return value.Strings(strings.Split(strings.TrimSuffix(masked, "\n"), "\n")), true
}

func (m masker) value(v value.Value) value.Value {
	switch v := v.(type) {
	case string:
		return m.Mask(v)
	case int64, *big.Int, float64:
		if text := value.Str(v); m.Mask(text) != text && !m.HoldsShort(text) {
			return m.Mask(text)
		}
	case value.Unknown:
		return value.Unknown{Why: m.Mask(v.Why)}
	case value.Bytes:
		return value.Bytes(m.Mask(string(v)))
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
			masked, done := m.lines(k, v)
			if !done {
				masked = m.value(item)
			}
			out.Set(m.value(k), masked)
		}
		return out
	}
	return v
}
