package value

// DeepCopy copies lists, tuples and mappings all the way down. Objects, which are not
// modified, are shared. A container that occurs twice is copied once.
func DeepCopy(v Value) Value {
	return deepCopy(v, map[any]Value{})
}

func deepCopy(v Value, seen map[any]Value) Value {
	switch v := v.(type) {
	case *List:
		if c, ok := seen[v]; ok {
			return c
		}
		c := &List{Items: make([]Value, len(v.Items))}
		seen[v] = c
		for i, item := range v.Items {
			c.Items[i] = deepCopy(item, seen)
		}
		return c
	case *Map:
		if v == nil {
			return &Map{}
		}
		if c, ok := seen[v]; ok {
			return c
		}
		c := v.Clone()
		seen[v] = c
		for i, item := range c.vals {
			c.vals[i] = deepCopy(item, seen)
		}
		return c
	case Tuple:
		c := make(Tuple, len(v))
		for i, item := range v {
			c[i] = deepCopy(item, seen)
		}
		return c
	}
	return v
}
