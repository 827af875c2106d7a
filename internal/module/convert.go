package module

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// assign converts v as Ansible's argument types do and sets the field. None leaves the default.
func assign(field reflect.Value, a Argument, v value.Value) error {
	if v == nil {
		return nil
	}
	switch u := v.(type) {
	case value.Undefined:
		return u
	case value.Unknown:
		return fmt.Errorf("unknown until %s is known", u.Why)
	}
	if err := convert(field, a, v); err != nil {
		return err
	}
	return checkChoice(field, a)
}

func convert(field reflect.Value, a Argument, v value.Value) error {
	t := field.Type()
	if t.Kind() == reflect.Pointer && t != reflect.TypeFor[*value.Map]() && t != reflect.TypeFor[*value.List]() {
		p := reflect.New(t.Elem())
		if err := convert(p.Elem(), a, v); err != nil {
			return err
		}
		field.Set(p)
		return nil
	}
	switch {
	case a.Raw || t.Kind() == reflect.Interface:
		field.Set(reflect.ValueOf(&v).Elem())
	case t == reflect.TypeFor[Mode]():
		mode, err := ParseMode(v)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(mode))
	case t == reflect.TypeFor[*value.Map]():
		m, err := toMap(v)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(m))
	case t.Kind() == reflect.String:
		s, err := ToString(v)
		if err != nil {
			return err
		}
		field.SetString(s)
	case t.Kind() == reflect.Bool:
		b, err := ToBool(v)
		if err != nil {
			return err
		}
		field.SetBool(b)
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		i, err := ToInt(v)
		if err != nil {
			return err
		}
		field.SetInt(i)
	case t.Kind() == reflect.Float64:
		f, err := toFloat(v)
		if err != nil {
			return err
		}
		field.SetFloat(f)
	case t.Kind() == reflect.Slice:
		return convertList(field, a, v)
	default:
		panic(fmt.Sprintf("module: argument %s has a type that arguments cannot have: %s", a.Name, t))
	}
	return nil
}

func convertList(field reflect.Value, a Argument, v value.Value) error {
	var items []value.Value
	switch v := v.(type) {
	case *value.List:
		items = v.Items
	case value.Tuple:
		items = v
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				items = append(items, s)
			}
		}
	default:
		items = []value.Value{v}
	}
	out := reflect.MakeSlice(field.Type(), len(items), len(items))
	for i, item := range items {
		if err := convert(out.Index(i), a, item); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	field.Set(out)
	return nil
}

func checkChoice(field reflect.Value, a Argument) error {
	if len(a.Choices) == 0 {
		return nil
	}
	if field.Kind() == reflect.Pointer {
		field = field.Elem()
	}
	values := []reflect.Value{field}
	if field.Kind() == reflect.Slice {
		values = nil
		for i := range field.Len() {
			values = append(values, field.Index(i))
		}
	}
	for _, f := range values {
		got := fmt.Sprint(f.Interface())
		if slices.Contains(a.Choices, got) {
			continue
		}
		err := fmt.Sprintf("%q is not one of %s", got, strings.Join(a.Choices, ", "))
		if s := diag.Suggest(got, a.Choices); s != "" {
			err += "; " + s
		}
		return fmt.Errorf("%s", err)
	}
	return nil
}

// ToString converts a scalar to text as Ansible's type str does: True becomes "True".
func ToString(v value.Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		return v.String(), nil
	case value.Bytes:
		return string(v), nil
	case float64, *value.Map, *value.List, value.Tuple:
		return value.Str(v), nil
	}
	return "", fmt.Errorf("wants text, not %s", value.TypeName(v))
}

// ToBool converts as Ansible's type bool does: yes, no, on, off, 1, 0, true, false, t, f, y, n.
func ToBool(v value.Value) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	case float64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "yes", "on", "1", "true", "t", "y", "1.0":
			return true, nil
		case "no", "off", "0", "false", "f", "n", "0.0":
			return false, nil
		}
		return false, fmt.Errorf("%q is not a boolean: write true or false", v)
	}
	return false, fmt.Errorf("wants true or false, not %s", value.TypeName(v))
}

// ToInt converts as Ansible's type int does.
func ToInt(v value.Value) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case float64:
		if i := int64(v); float64(i) == v {
			return i, nil
		}
	case string:
		if i, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return i, nil
		}
		return 0, fmt.Errorf("%q is not an integer", v)
	}
	return 0, fmt.Errorf("wants an integer, not %s", value.TypeName(v))
}

func toFloat(v value.Value) (float64, error) {
	switch v := v.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f, nil
		}
		return 0, fmt.Errorf("%q is not a number", v)
	}
	return 0, fmt.Errorf("wants a number, not %s", value.TypeName(v))
}

func toMap(v value.Value) (*value.Map, error) {
	switch v := v.(type) {
	case *value.Map:
		return v, nil
	case string:
		if m, err := value.ParseJSON([]byte(v)); err == nil {
			if m, ok := m.(*value.Map); ok {
				return m, nil
			}
		}
		return nil, fmt.Errorf("wants a mapping, not the text %q", v)
	}
	return nil, fmt.Errorf("wants a mapping, not %s", value.TypeName(v))
}
