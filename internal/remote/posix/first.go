package posix

import (
	"bytes"
	"strconv"

	"kops/internal/remote"
)

// exitFirst is the exit status of a script before which another one had to succeed, and did not.
const exitFirst = 95

// firstThen puts the script that must succeed first before another one.
func firstThen(first, script string) string {
	if first == "" {
		return script
	}
	return "(eval " + Quote(first) + ") </dev/null >/dev/null || exit " + strconv.Itoa(exitFirst) + "\n" + script
}

// firstOf is the same before a user's command, whose exit status may be any. $M is the task's mark.
func firstOf(cmd remote.Command) string {
	if cmd.First == "" {
		return ""
	}
	return "(eval " + Quote(cmd.First) + ") </dev/null >/dev/null || { printf %sfirst $M >&2; exit 1; }\n"
}

// firstFailed finds that the script which was to run first has failed.
func (t *task) firstFailed(res remote.Result) error {
	said, failed := bytes.CutSuffix(res.Stderr, []byte(t.mark+"first"))
	if !failed {
		return nil
	}
	res.Stderr = said
	return &remote.FirstError{Result: res}
}
