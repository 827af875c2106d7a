package playbook

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
)

// parseKV does what keyValues does with the words, without places.
func parseKV(text string, raw bool) (map[string]string, error) {
	words, err := splitArgs(text)
	if err != nil {
		return nil, err
	}
	result := map[string]string{}
	var rest []string
	for _, w := range words {
		key, val, ok := keyValue(w)
		if !ok || raw && !slices.Contains(freeFormArgs, key) {
			rest = append(rest, leftOver(w, ok))
		} else {
			result[key] = val
		}
	}
	if len(rest) > 0 {
		result["_raw_params"] = joinArgs(rest)
	}
	return result, nil
}

func TestKeyValuesAsAnsible(t *testing.T) {
	recorded, err := os.ReadFile("testdata/kv.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text   string
		Raw    bool
		Result map[string]string
	}
	if err := json.Unmarshal(recorded, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := parseKV(c.Text, c.Raw)
		if (err != nil) != (c.Result == nil) || !maps.Equal(got, c.Result) {
			t.Errorf("%q, raw %v: got %q, %v, want %q", c.Text, c.Raw, got, err, c.Result)
		}
	}
}
