package jinja

import (
	"errors"
	"fmt"

	"kops/internal/value"
)

func globalRange(c *Call) (value.Value, error) {
	if len(c.Args) == 0 || len(c.Args) > 3 || c.Kwargs.Len() > 0 {
		return nil, fmt.Errorf("range expected 1 to 3 arguments, got %d", len(c.Args))
	}
	start, stop, step := 0, 0, 1
	var err error
	for i, arg := range c.Args {
		n, e := c.Int(i, "", 0)
		if e != nil {
			err = fmt.Errorf("'%s' object cannot be interpreted as an integer", value.TypeName(arg))
		}
		switch {
		case i == 2:
			step = n
		case len(c.Args) == 1:
			stop = n
		case i == 0:
			start = n
		default:
			stop = n
		}
	}
	if err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, errors.New("range() arg 3 must not be zero")
	}
	n := 0.0
	if step > 0 && stop > start || step < 0 && stop < start {
		n = (float64(stop) - float64(start)) / float64(step)
	}
	if n > maxRange {
		return nil, fmt.Errorf("range too big. The sandbox blocks ranges larger than MAX_RANGE (%d)", maxRange)
	}
	l := &value.List{Items: make([]value.Value, 0, int(n)+1)}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		l.Append(int64(i))
	}
	return l, c.Spend(8 * l.Len())
}

func globalDict(c *Call) (value.Value, error) {
	m := &value.Map{}
	return m, c.frame.update(c, m)
}

func globalNamespace(c *Call) (value.Value, error) {
	m := &value.Map{}
	return &namespace{m}, c.frame.update(c, m)
}

func globalCycler(c *Call) (value.Value, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("at least one item has to be provided")
	}
	return &cycler{items: c.Args}, nil
}

func globalJoiner(c *Call) (value.Value, error) {
	return &joiner{sep: c.Arg(0, "sep", ", ")}, nil
}
