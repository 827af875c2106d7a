package logs

import (
	_ "embed" // the script and its programs
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"kops/internal/remote"
)

var (
	//go:embed host.sh
	hostScript string
	//go:embed filter.awk
	filterProgram string
	//go:embed stamp.awk
	stampProgram string
)

// script reads a file on a host. What resumes it, where that is given, takes the place of Since and Last.
func (q Query) script(file, resume string, pack bool) string {
	var b strings.Builder
	set := func(name, text string) { fmt.Fprintf(&b, "%s='%s'\n", name, strings.ReplaceAll(text, "'", `'\''`)) }
	flag := func(name string, on bool) {
		if set(name, ""); on {
			set(name, "1")
		}
	}
	set("f", path.Clean(file))
	epoch, ms, n := "", "", ""
	if !q.Since.IsZero() && resume == "" {
		epoch, ms = fmt.Sprint(q.Since.Unix()), fmt.Sprintf("%03d", q.Since.Nanosecond()/int(time.Millisecond))
	}
	if q.Last >= 0 && resume == "" {
		n = fmt.Sprint(q.Last)
	}
	set("epoch", epoch)
	set("ms", ms)
	set("since", resume)
	set("n", n)
	flag("follow", q.Follow)
	flag("pack", pack)
	set("K_GREP", q.Grep)
	set("K_LEVEL", fmt.Sprint(slices.Index(levels, q.Level)+1))
	set("filter", filterProgram)
	set("stamp", stampProgram)
	return b.String() + hostScript
}

// incomplete is the exit status of the script where a rotated file is missed.
const incomplete = 3

// isIncomplete tells whether err is that a rotated file is missed, and all the rest is there.
func isIncomplete(err error) bool {
	var s *remote.ScriptError
	return errors.As(err, &s) && s.Result.ExitCode == incomplete
}

// tidied drops the signs of life from what the script said, and puts the rest in one line.
func tidied(err error) error {
	var s *remote.ScriptError
	if !errors.As(err, &s) {
		return err
	}
	var said []string
	for line := range strings.Lines(string(s.Result.Stderr)) {
		if line = strings.TrimSpace(line); line != "" {
			said = append(said, line)
		}
	}
	tidy := *s
	tidy.Result.Stderr = []byte(strings.Join(said, "; "))
	return &tidy
}
