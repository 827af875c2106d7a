package logs

import (
	_ "embed" // the script and its programs
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
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
