package template

import (
	"fmt"
	"strings"

	"kops/internal/jinja"
	"kops/internal/template/pyyaml"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// formatFilters write and read JSON and YAML.
func formatFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"to_json":       func(c *jinja.Call) (value.Value, error) { return toJSON(c, value.PythonJSON) },
		"to_nice_json":  toNiceJSON,
		"from_json":     fromJSON,
		"to_yaml":       func(c *jinja.Call) (value.Value, error) { return toYAML(c, pyyaml.FlowLeaves, 2) },
		"to_nice_yaml":  func(c *jinja.Call) (value.Value, error) { return toYAML(c, pyyaml.FlowNever, 4) },
		"from_yaml":     fromYAML,
		"from_yaml_all": fromYAMLAll,
	}
}

func toNiceJSON(c *jinja.Call) (value.Value, error) {
	opts := value.PythonJSON
	opts.Indent, opts.Multiline, opts.SortKeys, opts.ItemSeparator = "    ", true, true, ","
	if len(c.Args) > 3 {
		return nil, fmt.Errorf("to_nice_json() takes from 1 to 3 positional arguments but %d were given", len(c.Args))
	}
	for i, name := range []string{"indent", "sort_keys"} {
		if v, ok := c.Kwargs.Get(name); ok || len(c.Args) > i+1 {
			if !ok {
				v = c.Args[i+1]
			}
			if err := jsonOption(&opts, name, v); err != nil {
				return nil, err
			}
		}
	}
	kwargs := c.Kwargs.Clone()
	for _, name := range []string{"indent", "sort_keys", "separators"} {
		kwargs.Delete(name)
	}
	c.Args, c.Kwargs = c.Args[:1], kwargs
	return toJSON(c, opts)
}

// toJSON is json.dumps with what of its arguments makes sense in a template.
func toJSON(c *jinja.Call, opts value.JSONOptions) (value.Value, error) {
	if len(c.Args) > 1 {
		return nil, fmt.Errorf("%s() takes its options by name, as in indent=2", c.Name)
	}
	for k, v := range c.Kwargs.All() {
		if err := jsonOption(&opts, value.Str(k), v); err != nil {
			return nil, err
		}
	}
	if v, ok := c.Kwargs.Get("separators"); !ok || v == nil {
		if opts.Multiline {
			opts.ItemSeparator = ","
		}
	}
	return value.JSON(c.Args[0], opts)
}

func jsonOption(o *value.JSONOptions, name string, v value.Value) error {
	switch name {
	case "indent":
		switch v := v.(type) {
		case nil:
			o.Indent, o.Multiline = "", false
		case int64:
			o.Indent, o.Multiline = strings.Repeat(" ", int(min(max(v, 0), 1000))), true
		case string:
			o.Indent, o.Multiline = v, true
		default:
			return fmt.Errorf("indent must be an integer, not %s", value.TypeName(v))
		}
	case "sort_keys":
		o.SortKeys = value.Truth(v)
	case "ensure_ascii":
		o.EnsureASCII = value.Truth(v)
	case "allow_nan":
		o.Strict = !value.Truth(v)
	case "separators":
		if v == nil {
			return nil
		}
		pair, ok := sequence(v)
		if !ok || len(pair) != 2 {
			return fmt.Errorf("separators must be a pair, as in separators=(',', ':')")
		}
		o.ItemSeparator, o.KeySeparator = value.Str(pair[0]), value.Str(pair[1])
	case "vault_to_text", "preprocess_unsafe":
		// Secrets are plain text here already: both are what happens anyway.
	default:
		return fmt.Errorf("to_json has no option %s; it has indent, sort_keys, ensure_ascii, allow_nan, separators", value.Repr(name))
	}
	return nil
}

func fromJSON(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("a")
	if err != nil {
		return nil, err
	}
	switch v := args[0].(type) {
	case string:
		return value.ParseJSON([]byte(v))
	case value.Bytes:
		return value.ParseJSON(v)
	}
	return nil, fmt.Errorf("the JSON object must be str, bytes or bytearray, not %s", value.TypeName(args[0]))
}

// toYAML is yaml.dump with Ansible's defaults and the options that it passes on.
func toYAML(c *jinja.Call, flow pyyaml.Flow, indent int) (value.Value, error) {
	opts := pyyaml.Options{Indent: indent, Flow: flow, SortKeys: true}
	if len(c.Args) > 1 && c.Name == "to_nice_yaml" {
		if err := yamlOption(&opts, "indent", c.Args[1]); err != nil {
			return nil, err
		}
	} else if len(c.Args) > 1 {
		return nil, fmt.Errorf("%s() takes its options by name, as in indent=2", c.Name)
	}
	for k, v := range c.Kwargs.All() {
		if err := yamlOption(&opts, value.Str(k), v); err != nil {
			return nil, err
		}
	}
	return pyyaml.Dump(c.Args[0], opts)
}

func yamlOption(o *pyyaml.Options, name string, v value.Value) error {
	switch name {
	case "indent", "width":
		n := int64(0)
		if v != nil {
			i, err := value.ToInt(v)
			small, ok := i.(int64)
			if err != nil || !ok {
				return fmt.Errorf("%s must be an integer, not %s", name, value.Repr(v))
			}
			n = small
		}
		if name == "indent" {
			o.Indent = int(n)
		} else {
			o.Width = int(n)
		}
	case "sort_keys":
		o.SortKeys = value.Truth(v)
	case "default_flow_style":
		o.Flow = pyyaml.FlowNever
		if v == nil {
			o.Flow = pyyaml.FlowLeaves
		} else if value.Truth(v) {
			o.Flow = pyyaml.FlowAlways
		}
	case "default_style":
		switch s := value.Str(v); {
		case v == nil || s == "":
			o.Style = 0
		case len(s) == 1 && strings.Contains(`|>'"`, s):
			o.Style = s[0]
		default:
			return fmt.Errorf(`default_style must be one of | > ' ", not %s`, value.Repr(v))
		}
	case "explicit_start":
		o.ExplicitStart = value.Truth(v)
	case "explicit_end":
		o.ExplicitEnd = value.Truth(v)
	case "canonical":
		o.Canonical = value.Truth(v)
	default:
		return fmt.Errorf("to_yaml has no option %s; it has indent, width, sort_keys, default_flow_style, default_style, explicit_start, explicit_end, canonical", value.Repr(name))
	}
	return nil
}

// yamlDocuments reads a text that came from anywhere: its values are never templated.
func yamlDocuments(text string) ([]value.Value, error) {
	nodes, list := yamlpos.Parse("", []byte(text))
	if err := list.Err(); err != nil {
		return nil, err
	}
	docs := make([]value.Value, 0, len(nodes))
	for _, n := range nodes {
		v, err := n.ToValue(yamlpos.Options{Untrusted: true})
		if err != nil {
			return nil, err
		}
		docs = append(docs, v)
	}
	return docs, nil
}

func fromYAML(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("data")
	if err != nil {
		return nil, err
	}
	text, ok := args[0].(string)
	if !ok {
		return args[0], nil
	}
	docs, err := yamlDocuments(text)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return nil, nil
	case len(docs) > 1:
		return nil, fmt.Errorf("expected a single document in the stream, but found %d: use from_yaml_all", len(docs))
	}
	return docs[0], nil
}

func fromYAMLAll(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("data")
	if err != nil {
		return nil, err
	}
	text, ok := args[0].(string)
	if !ok {
		if args[0] == nil {
			return value.NewList(), nil
		}
		return args[0], nil
	}
	docs, err := yamlDocuments(text)
	return value.NewList(docs...), err
}
