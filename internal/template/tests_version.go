package template

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
)

var versionOperators = map[string]func(int) bool{
	"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
	"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
	"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
}

var versionSymbols = map[string]string{"==": "eq", "=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "!=": "ne", "<>": "ne"}

var versionTypes = map[string]func(a, b string) (int, error){
	"loose": compareLoose, "strict": compareStrict, "semver": compareSemantic, "semantic": compareSemantic, "pep440": comparePEP440,
}

func versionTest(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value", "version", "operator=", "strict=", "version_type=")
	if err != nil {
		return nil, err
	}
	strict := args[3] != jinja.Missing && args[3] != nil
	kind := "loose"
	if args[4] != jinja.Missing && args[4] != nil {
		if strict {
			return nil, errors.New("cannot specify both 'strict' and 'version_type'")
		}
		kind = value.Str(args[4])
	}
	if strict && value.Truth(args[3]) {
		kind = "strict"
	}
	switch {
	case !value.Truth(args[0]):
		return nil, errors.New("input version value cannot be empty")
	case !value.Truth(args[1]):
		return nil, errors.New("version parameter to compare against cannot be empty")
	}
	compare, ok := versionTypes[kind]
	if !ok {
		return nil, fmt.Errorf("invalid version type (%s). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'", kind)
	}
	operator, err := c.String(2, "operator", "eq")
	if err != nil {
		return nil, err
	}
	if name, ok := versionSymbols[operator]; ok {
		operator = name
	}
	holds, ok := versionOperators[operator]
	if !ok {
		return nil, fmt.Errorf("invalid operator type (%s). Must be one of '==', '=', 'eq', '<', 'lt', '<=', 'le', '>', 'gt', '>=', 'ge', '!=', '<>', 'ne'", operator)
	}
	order, err := compare(value.Str(args[0]), value.Str(args[1]))
	if err != nil {
		return nil, fmt.Errorf("version comparison failed: %w", err)
	}
	return holds(order), nil
}

var loosePart = regexp.MustCompile(`[0-9]+|[a-z]+|\.|[^0-9a-z.]+`)

// compareLoose compares numbers as numbers and words as words. A number and a word have
// no order.
func compareLoose(a, b string) (int, error) {
	parts := func(s string) []value.Value {
		var out []value.Value
		for _, p := range loosePart.FindAllString(s, -1) {
			if n, ok := new(big.Int).SetString(p, 10); ok && p[0] >= '0' {
				out = append(out, value.Int(n))
			} else if p != "." {
				out = append(out, p)
			}
		}
		return out
	}
	return value.Compare(value.NewList(parts(a)...), value.NewList(parts(b)...))
}

var strictVersion = regexp.MustCompile(`^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$`)

func compareStrict(a, b string) (int, error) {
	var parsed [2][]string
	for i, s := range []string{a, b} {
		if parsed[i] = strictVersion.FindStringSubmatch(s); parsed[i] == nil {
			return 0, fmt.Errorf("invalid version number '%s'", s)
		}
	}
	x, y := parsed[0], parsed[1]
	if c := compareNumberLists(x[1:4], y[1:4]); c != 0 {
		return c, nil
	}
	if x[4] == "" || y[4] == "" {
		return cmp.Compare(y[4], x[4]), nil
	}
	return cmp.Or(cmp.Compare(x[4], y[4]), compareDigits(x[5], y[5])), nil
}

// compareDigits compares numbers of any length; an empty one is zero.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// compareNumberLists compares numbers one by one; missing ones are zero.
func compareNumberLists(a, b []string) int {
	at := func(s []string, i int) string {
		if i < len(s) {
			return s[i]
		}
		return ""
	}
	for i := range max(len(a), len(b)) {
		if c := compareDigits(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

var semanticVersion = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?` +
	`(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$`)

func compareSemantic(a, b string) (int, error) {
	var parsed [2][]string
	for i, s := range []string{a, b} {
		if parsed[i] = semanticVersion.FindStringSubmatch(s); parsed[i] == nil {
			return 0, fmt.Errorf("invalid semantic version '%s'", s)
		}
	}
	x, y := parsed[0], parsed[1]
	if c := compareNumberLists(x[1:4], y[1:4]); c != 0 {
		return c, nil
	}
	if x[4] == "" || y[4] == "" {
		return cmp.Compare(y[4], x[4]), nil
	}
	return slices.CompareFunc(strings.Split(x[4], "."), strings.Split(y[4], "."), compareIdentifiers), nil
}

// compareIdentifiers orders numbers before words.
func compareIdentifiers(a, b string) int {
	aNumber, bNumber := strings.Trim(a, "0123456789") == "", strings.Trim(b, "0123456789") == ""
	switch {
	case aNumber && bNumber:
		return compareDigits(a, b)
	case aNumber:
		return -1
	case bNumber:
		return 1
	}
	return cmp.Compare(a, b)
}

var pep440 = regexp.MustCompile(`(?i)^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)` +
	`(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?` +
	`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?` +
	`(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$`)

var preRanks = map[string]int{"a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}

func comparePEP440(a, b string) (int, error) {
	var parsed [2][]string
	for i, s := range []string{a, b} {
		if parsed[i] = pep440.FindStringSubmatch(strings.ToLower(s)); parsed[i] == nil {
			return 0, fmt.Errorf("invalid version: '%s'", s)
		}
	}
	x, y := parsed[0], parsed[1]
	return cmp.Or(
		compareDigits(x[1], y[1]),
		compareNumberLists(strings.Split(x[2], "."), strings.Split(y[2], ".")),
		cmp.Compare(preRank(x), preRank(y)), compareDigits(x[4], y[4]),
		cmp.Compare(postRank(x), postRank(y)), compareDigits(x[5]+x[7], y[5]+y[7]),
		cmp.Compare(len(y[8]), len(x[8])), compareDigits(x[9], y[9]),
		compareLocal(x[10], y[10]),
	), nil
}

// preRank orders a development release of nothing else before all, then a, b, rc, none.
func preRank(m []string) int {
	switch {
	case m[3] != "":
		return preRanks[m[3]]
	case postRank(m) == 0 && m[8] != "":
		return 0
	}
	return 4
}

func postRank(m []string) int {
	if m[5] != "" || m[6] != "" {
		return 1
	}
	return 0
}

func compareLocal(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("-_.", r) })
	}
	return slices.CompareFunc(split(a), split(b), func(a, b string) int { return -compareIdentifiers(b, a) })
}
