package posix

import (
	"context"
	"regexp"
	"time"
)

// killLimit bounds the attempt to end what a cancelled call left running.
const killLimit = 10 * time.Second

var number = regexp.MustCompile(`^[1-9][0-9]*$`)

// bootstrap returns the first line of each shell: it prints the mark and the number of
// its process group, then does the rest.
func bootstrap(mark, rest string) string {
	return "read -r a b c d g r </proc/$$/stat; echo " + mark + " $g; " + rest
}

// killGroup ends a process group, from a shell of its own as the same user: dropping a
// channel ends nothing on the host. It is an attempt; where it fails the processes run on.
func (h *Host) killGroup(group string) {
	if !number.MatchString(group) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), killLimit)
	defer cancel()
	s, err := h.openShell(ctx)
	if err != nil {
		return
	}
	defer s.close()
	_, _ = s.run(ctx, h, call{what: "end what hangs", script: `kill -s TERM -- -` + group + ` || exit
for i in 1 2 3 4 5 6 7 8 9 10; do
	kill -s 0 -- -` + group + ` 2>/dev/null || exit 0
	sleep 0.1
done
kill -s KILL -- -` + group})
}
