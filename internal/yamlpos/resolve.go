package yamlpos

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kops/internal/value"
)

// The patterns of YAML 1.1's types, as PyYAML has them.
var (
	intPattern = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|` +
		`[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	floatPattern = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|` +
		`\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|` +
		`[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	timestampPattern = regexp.MustCompile(`^([0-9]{4})-([0-9][0-9]?)-([0-9][0-9]?)` +
		`(?:[Tt]|[ \t]+)([0-9][0-9]?):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?` +
		`(?:[ \t]*(Z|([-+])([0-9][0-9]?)(?::([0-9]{2}))?))?$`)
)

// resolve returns what a plain scalar means.
func resolve(s string) value.Value {
	if s == "" {
		return nil
	}
	switch s {
	case "~", "null", "Null", "NULL":
		return nil
	case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true
	case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false
	}
	if !strings.ContainsRune("+-.0123456789", rune(s[0])) {
		return s
	}
	if intPattern.MatchString(s) {
		if i, ok := parseInt(s); ok {
			return i
		}
	}
	if floatPattern.MatchString(s) {
		if f, ok := parseFloat(s); ok {
			return f
		}
	}
	return timestamp(s)
}

// parseInt reads what intPattern matched.
func parseInt(s string) (value.Value, bool) {
	s = strings.ReplaceAll(s, "_", "")
	digits := strings.TrimLeft(s, "+-")
	base := 10
	switch {
	case strings.HasPrefix(digits, "0b"):
		digits, base = digits[2:], 2
	case strings.HasPrefix(digits, "0x"):
		digits, base = digits[2:], 16
	case strings.Contains(digits, ":"):
		i := new(big.Int)
		for part := range strings.SplitSeq(digits, ":") {
			n, err := strconv.ParseInt(part, 10, 64)
			if err != nil {
				return nil, false
			}
			i.Add(i.Mul(i, big.NewInt(60)), big.NewInt(n))
		}
		return signed(i, s), true
	case len(digits) > 1 && digits[0] == '0':
		base = 8
	}
	i, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return nil, false
	}
	return signed(i, s), true
}

func signed(i *big.Int, s string) value.Value {
	if s[0] == '-' {
		i.Neg(i)
	}
	return value.Int(i)
}

// parseFloat reads what floatPattern matched.
func parseFloat(s string) (float64, bool) {
	s = strings.ToLower(strings.ReplaceAll(s, "_", ""))
	sign := 1.0
	if s[0] == '-' {
		sign = -1
	}
	s = strings.TrimLeft(s, "+-")
	switch {
	case s == ".inf":
		return math.Inf(int(sign)), true
	case s == ".nan":
		return math.NaN(), true
	case strings.Contains(s, ":"):
		total := 0.0
		for part := range strings.SplitSeq(s, ":") {
			f, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return 0, false
			}
			total = total*60 + f
		}
		return sign * total, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return sign * f, true
}

// timestamp returns the text that Python gives a date or time. PyYAML makes datetime
// objects, of which playbooks only ever see the text.
func timestamp(s string) value.Value {
	m := timestampPattern.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	text := fmt.Sprintf("%s-%02s-%02s %02s:%s:%s", m[1], m[2], m[3], m[4], m[5], m[6])
	if _, err := time.Parse("2006-01-02 15:04:05", text); err != nil {
		return s
	}
	if fraction := (m[7] + "000000")[:6]; fraction != "000000" {
		text += "." + fraction
	}
	switch {
	case m[8] == "Z":
		text += "+00:00"
	case m[8] != "":
		text += fmt.Sprintf("%s%02s:%02s", m[9], m[10], m[11]+"00"[min(len(m[11]), 2):])
	}
	return text
}
