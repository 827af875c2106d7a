package dockerapi

import (
	"fmt"
	"regexp"

	"kops/internal/module"
	"kops/internal/value"
)

var name = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// IsName tells whether s can be the name of a container, a volume or a network.
func IsName(s string) bool { return name.MatchString(s) }

// Texts turns a mapping of an argument into texts. A boolean is an error, since people
// who write yes mean the text more often than Python's True.
func Texts(argument string, m *value.Map) (map[string]string, error) {
	texts := make(map[string]string, m.Len())
	for k, v := range m.All() {
		key, err := module.ToString(k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", argument, err)
		}
		if b, ok := v.(bool); ok {
			return nil, fmt.Errorf("%s: %s is the boolean %t: put what is meant in quotes", argument, key, b)
		}
		if texts[key], err = module.ToString(v); err != nil {
			return nil, fmt.Errorf("%s: %s %w", argument, key, err)
		}
	}
	return texts, nil
}
