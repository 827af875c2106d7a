package posix

import "strings"

// Quote makes one word of s for a POSIX shell.
func Quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// QuoteAll quotes words and joins them with spaces.
func QuoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

// oneLine puts a script on one line, for the shell's read: every line break becomes $n,
// which the line sets first.
func oneLine(script string) string {
	if !strings.Contains(script, "\n") {
		return script + "\n"
	}
	quoted := strings.ReplaceAll(Quote(script), "\n", `'"$n"'`)
	return `n=$(printf '\nx'); n=${n%x}; eval ` + quoted + "\n"
}
