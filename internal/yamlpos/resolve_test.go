package yamlpos

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"kops/internal/value"
)

// pythonText is Python's type and text of a scalar's value.
func pythonText(v value.Value) (name, text string) {
	switch v := v.(type) {
	case nil:
		return "NoneType", "None"
	case bool:
		return "bool", map[bool]string{true: "True", false: "False"}[v]
	case float64:
		switch {
		case math.IsInf(v, 0):
			return "float", strings.ToLower(strings.TrimPrefix(fmt.Sprint(v), "+"))
		case v == math.Trunc(v):
			return "float", strconv.FormatFloat(v, 'f', 1, 64)
		}
		return "float", strings.ToLower(strconv.FormatFloat(v, 'f', -1, 64))
	}
	return value.TypeName(v), fmt.Sprint(v)
}

func TestResolveAsAnsible(t *testing.T) {
	recorded, err := os.ReadFile("testdata/scalars.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(recorded)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(f[1], "date") { // a date is its text here
			f[1] = "str"
		}
		name, text := pythonText(resolve(f[0]))
		if name != f[1] || text != f[2] {
			t.Errorf("%s: got %s %q, want %s %q", f[0], name, text, f[1], f[2])
		}
	}
}
