package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Unrecognized is an event that this version of kops does not know: a newer one wrote it.
type Unrecognized struct {
	Name string
	Data json.RawMessage
}

// Kind implements Event.
func (u Unrecognized) Kind() string { return u.Name }

// MarshalJSON implements json.Marshaler: the data as they were.
func (u Unrecognized) MarshalJSON() ([]byte, error) { return u.Data, nil }

// UnmarshalJSON implements json.Unmarshaler. Fields that are not known are passed over.
func (r *Record) UnmarshalJSON(line []byte) error {
	var raw struct {
		Seq  int64           `json:"seq"`
		Time time.Time       `json:"time"`
		Kind string          `json:"event"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return err
	}
	if raw.Kind == "" || len(raw.Data) == 0 {
		return fmt.Errorf("it is no record: %q and %q are missing", "event", "data")
	}
	e, err := decode(raw.Kind, raw.Data)
	if err != nil {
		return fmt.Errorf("%s: %w", raw.Kind, err)
	}
	*r = Record{Seq: raw.Seq, Time: raw.Time, Kind: raw.Kind, Event: e}
	return nil
}

func decode(kind string, data []byte) (Event, error) {
	switch kind {
	case RunStarted{}.Kind():
		return as[RunStarted](data)
	case PlayStarted{}.Kind():
		return as[PlayStarted](data)
	case TaskStarted{}.Kind():
		return as[TaskStarted](data)
	case HostStarted{}.Kind():
		return as[HostStarted](data)
	case Result{}.Kind():
		return as[Result](data)
	case Retry{}.Kind():
		return as[Retry](data)
	case Progress{}.Kind():
		return as[Progress](data)
	case Notified{}.Kind():
		return as[Notified](data)
	case HandlerOwed{}.Kind():
		return as[HandlerOwed](data)
	case Gate{}.Kind():
		return as[Gate](data)
	case LockWaiting{}.Kind():
		return as[LockWaiting](data)
	case HandlerOwed{}.Kind():
		return as[HandlerOwed](data)
	case LockWaiting{}.Kind():
		return as[LockWaiting](data)
	case Warning{}.Kind():
		return as[Warning](data)
	case PlayEnded{}.Kind():
		return as[PlayEnded](data)
	case RunEnded{}.Kind():
		return as[RunEnded](data)
	}
	return Unrecognized{kind, data}, nil
}

func as[T Event](data []byte) (Event, error) {
	var e T
	err := json.Unmarshal(data, &e)
	return e, err
}
