package human

import (
	"fmt"

	"kops/internal/event"
)

// noticeable is from how many bytes on a transfer is worth a word.
const noticeable = 1 << 20

// sent tells how far a transfer is: how much, how fast, of how much.
func sent(e event.Progress) string {
	if e.Sent < noticeable {
		return ""
	}
	text := ": " + amount(e.Sent)
	if e.Size > 0 {
		text += fmt.Sprintf(" of %s, %d%%", amount(e.Size), 100*e.Sent/e.Size)
	}
	if e.Sending > 0 {
		text += ", " + amount(int64(float64(e.Sent)/e.Sending.Seconds())) + "/s"
	}
	return text
}

// amount words a number of bytes.
func amount(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}
