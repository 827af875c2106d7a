package posix

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// wording words a property's value as systemctl show does, as far as the type tells:
// booleans as yes and no, lists with spaces, times of day, and no limit as infinity.
// Structures (ExecStart) come in a form of their own.
func wording(name string, v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		return v
	case []string:
		return strings.Join(v, " ")
	case uint64:
		return wordNumber(name, v)
	case []byte:
		return fmt.Sprintf("%x", v)
	case []any:
		words := make([]string, len(v))
		for i, e := range v {
			words[i] = wording(name, e)
		}
		return strings.Join(words, " ")
	case [][]any:
		words := make([]string, len(v))
		for i, e := range v {
			words[i] = "{ " + wording(name, e) + " }"
		}
		return strings.Join(words, " ")
	}
	return fmt.Sprint(v)
}

func wordNumber(name string, v uint64) string {
	switch {
	case strings.HasSuffix(name, "Timestamp"):
		if v == 0 {
			return ""
		}
		return time.UnixMicro(int64(v)).UTC().Format("Mon 2006-01-02 15:04:05 UTC")
	case v == math.MaxUint64 && (strings.HasSuffix(name, "USec") || strings.HasPrefix(name, "Limit") || strings.HasSuffix(name, "Max") || strings.HasSuffix(name, "High")):
		return "infinity"
	case v == math.MaxUint64:
		return "[not set]"
	}
	return fmt.Sprint(v)
}
