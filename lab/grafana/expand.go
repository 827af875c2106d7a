package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// variable matches $$, $__file{path}, $__env{NAME}, ${NAME} and $NAME.
var variable = regexp.MustCompile(`\$(?:\$|__file\{([^}]*)\}|__env\{([^}]*)\}|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))`)

// expandNode puts variables into all values, not keys. A value that changed gets its type anew: "$PORT" may be a number.
func expandNode(n *yaml.Node, getenv func(string) string) error {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!str" || !strings.Contains(n.Value, "$") {
			return nil
		}
		text, err := expand(n.Value, getenv)
		if err != nil {
			return err
		}
		n.Value = text
		if n.Style == 0 {
			n.Tag = ""
		}
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			if err := expandNode(n.Content[i], getenv); err != nil {
				return err
			}
		}
	default:
		for _, c := range n.Content {
			if err := expandNode(c, getenv); err != nil {
				return err
			}
		}
	}
	return nil
}

// expand puts variables into a text. One that is not set is empty, as in Grafana.
func expand(text string, getenv func(string) string) (string, error) {
	var failed error
	result := variable.ReplaceAllStringFunc(text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		switch {
		case match == "$$":
			return "$"
		case parts[1] != "":
			data, err := os.ReadFile(parts[1])
			if err != nil {
				failed = fmt.Errorf("$__file: %w", err)
			}
			return strings.TrimSpace(string(data))
		default:
			return getenv(parts[2] + parts[3] + parts[4])
		}
	})
	return result, failed
}
