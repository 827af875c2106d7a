package logs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseSince reads a duration before now ("90s", "15m", "2h30m", "3d") or a time: "14:30" of today, or of
// yesterday where that is still to come, "2024-01-31", "2024-01-31 14:30:05,123" in the zone of now, or RFC 3339 with a zone.
func ParseSince(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if d, err := duration(text); err == nil {
		if d < 0 {
			return time.Time{}, fmt.Errorf("%q lies in the future: write 15m for the last 15 minutes", text)
		}
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	plain := strings.Replace(strings.Replace(text, "T", " ", 1), ",", ".", 1)
	for _, layout := range []string{"2006-01-02 15:04:05.999", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, plain, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05.999", "15:04"} {
		if t, err := time.ParseInLocation(layout, plain, now.Location()); err == nil {
			today := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
			if today.After(now) {
				return today.AddDate(0, 0, -1), nil
			}
			return today, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a duration (15m, 2h30m, 3d) nor a time (14:30, 2024-01-31, 2024-01-31 14:30:05, 2024-01-31T14:30:05Z)", text)
}

// duration is time.ParseDuration with days, which stand first.
func duration(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, err
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}
