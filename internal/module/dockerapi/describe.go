package dockerapi

import (
	"encoding/json"

	"kops/internal/value"
)

// Describe returns what Docker tells of a thing as a mapping, empty if it is not there.
func Describe(there bool, inspected any) value.Value {
	if !there {
		return value.NewMap()
	}
	text, err := json.Marshal(inspected)
	if err != nil {
		return value.NewMap()
	}
	v, err := value.ParseJSON(text)
	if err != nil {
		return value.NewMap()
	}
	return v
}
