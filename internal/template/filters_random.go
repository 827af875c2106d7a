package template

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"kops/internal/jinja"
	"kops/internal/value"
)

// randomFilters choose, by chance or by a seed.
func randomFilters() map[string]jinja.Func {
	return map[string]jinja.Func{"random": random, "shuffle": shuffle}
}

// newChooser is seeded, or the operating system's where the seed is None.
func newChooser(seed value.Value) (chooser, error) {
	if seed == nil || seed == jinja.Missing {
		return system{}, nil
	}
	return newMersenne(seed)
}

func random(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("end", "start=", "step=", "seed=")
	if err != nil {
		return nil, err
	}
	choose, err := newChooser(args[3])
	if err != nil {
		return nil, err
	}
	given := func(v value.Value) bool { return v != jinja.Missing && value.Truth(v) }
	if end, ok := wholeNumber(args[0]); ok {
		start, step := new(big.Int), big.NewInt(1)
		for i, n := range []*big.Int{start, step} {
			if given(args[i+1]) {
				v, ok := wholeNumber(args[i+1])
				if !ok {
					return nil, fmt.Errorf("'%s' object cannot be interpreted as an integer", value.TypeName(args[i+1]))
				}
				n.Set(v)
			}
		}
		return randrange(choose, start, end, step)
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, errors.New("random can only be used on sequences and integers")
	}
	if given(args[1]) || given(args[2]) {
		return nil, errors.New("start and step can only be used with integer values")
	}
	if len(items) == 0 {
		return nil, errors.New("cannot choose from an empty sequence")
	}
	i, err := pick(choose, len(items))
	if err != nil {
		return nil, err
	}
	return items[i], nil
}

func wholeNumber(v value.Value) (*big.Int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// randrange is Python's: start + step * n, for n below the number of steps.
func randrange(choose chooser, start, end, step *big.Int) (value.Value, error) {
	width := new(big.Int).Sub(end, start)
	steps := new(big.Int).Set(width)
	switch step.Sign() {
	case 1:
		steps.Add(steps, step).Sub(steps, big.NewInt(1))
	case -1:
		steps.Add(steps, step).Add(steps, big.NewInt(1))
	default:
		return nil, errors.New("zero step for randrange()")
	}
	steps.Quo(steps, step)
	if steps.Sign() <= 0 || width.Sign()*step.Sign() <= 0 {
		return nil, fmt.Errorf("empty range in randrange(%s, %s, %s)", start, end, step)
	}
	n, err := choose.below(steps)
	if err != nil {
		return nil, err
	}
	return value.Int(n.Mul(n, step).Add(n, start)), nil
}

// shuffle leaves what is no list as it is, as Ansible does.
func shuffle(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("mylist", "seed=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return args[0], nil
	}
	items = slices.Clone(items)
	seed := args[1]
	if seed != jinja.Missing && !value.Truth(seed) {
		seed = nil
	}
	choose, err := newChooser(seed)
	if err != nil {
		return nil, err
	}
	for i := len(items) - 1; i > 0; i-- {
		j, err := pick(choose, i+1)
		if err != nil {
			return nil, err
		}
		items[i], items[j] = items[j], items[i]
	}
	return value.NewList(items...), nil
}
