package fleet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"kops/internal/remote"
	"kops/internal/remote/remotetest"
)

// A shell stands in for the shell of a simulated host, where nothing ever changes. It takes
// kops's scripts that look at files, take the lock and read what is owed, and answers
// them as a POSIX shell would; a user's command succeeds and says nothing. Everything else
// fails, so that nothing is measured which was not done.
type shell struct{ host *remotetest.Host }

var (
	greeting = regexp.MustCompile(`echo (kops-[0-9a-f]{32}) \$g; (?:exec (/bin/sh))?`)
	fileLine = regexp.MustCompile(`(?m)^kops_more (\d+) '([^']*)' (true|false) '(\w*)' (\d+) (true|false)$`)
)

// run is what sshd would have a login shell run.
func (s shell) run(line string, stdin io.Reader, stdout, stderr io.Writer) int {
	m := greeting.FindStringSubmatch(line)
	if m == nil {
		fmt.Fprintf(stderr, "the stand-in for a shell does not know %q\n", line)
		return 127
	}
	mark := m[1]
	fmt.Fprintf(stdout, "%s 1\n", mark)
	in := bufio.NewReader(stdin)
	if m[2] == "" { // a user's command: one line says which
		if _, err := in.ReadString('\n'); err != nil {
			return 1
		}
		fmt.Fprintf(stderr, "%s-", mark)
		return 0
	}
	end := "printf %s= " + mark + " >&2\n"
	var script strings.Builder
	for {
		text, err := in.ReadString('\n')
		script.WriteString(text)
		if err != nil {
			return 0
		}
		if !strings.HasSuffix(text, end) {
			continue
		}
		if strings.Contains(script.String(), mark+"- >&2\n") {
			fmt.Fprintf(stderr, "%s-", mark)
		}
		answer, status := s.answer(script.String())
		fmt.Fprintf(stderr, "%s=", mark)
		fmt.Fprintf(stdout, "%s%s=%d\n", answer, mark, status)
		script.Reset()
	}
}

// answer is what a script prints, and its exit status.
func (s shell) answer(sent string) (string, int) {
	script := strings.ReplaceAll(sent, `'\''`, `'`)
	switch {
	case strings.Contains(script, "kops_more() {"):
		return s.files(script)
	case strings.Contains(script, "kops_lock="):
		return "held\nkops-owed\n", 0
	}
	return "", 127
}

// files answers the script of posix.Host.Files.
func (s shell) files(script string) (string, int) {
	_, after, _ := strings.Cut(script, "M=kops-")
	mark := "kops-" + after[:32]
	var queries []remote.FileQuery
	for _, m := range fileLine.FindAllStringSubmatch(script, -1) {
		q := remote.FileQuery{Path: m[2], Follow: m[3] == "true", Hash: m[4], List: m[6] == "true"}
		if _, err := fmt.Sscan(m[5], &q.Content); err != nil {
			return err.Error(), 1
		}
		queries = append(queries, q)
	}
	found, err := s.host.Files(context.Background(), queries...)
	if err != nil {
		return err.Error(), 1
	}
	var b strings.Builder
	for _, follow := range []bool{false, true} {
		for i, f := range found {
			if queries[i].Follow == follow && f.Exists {
				fmt.Fprintf(&b, "%s%s%x %d %d %d %d %d %d %d %d %d %s %s %s\n", mark, map[bool]string{false: "S", true: "F"}[follow], unixMode(f), f.UID, f.GID, f.Size, f.Inode, f.Device, f.Links,
					f.AccTime.Unix(), f.ModTime.Unix(), f.ChgTime.Unix(), f.Owner, f.Group, f.Path)
			}
		}
	}
	for i, f := range found {
		fmt.Fprintf(&b, "%sP%d rw", mark, i)
		switch {
		case f.IsLink():
			fmt.Fprintf(&b, "%sL%s", mark, f.Link)
		case f.IsRegular() && f.Checksum != "":
			fmt.Fprintf(&b, "%sH%s  -\n", mark, f.Checksum)
		}
		if f.IsRegular() && queries[i].Content > 0 {
			fmt.Fprintf(&b, "%sC%s", mark, f.Content)
		}
	}
	return b.String() + mark + "E", 0
}

// unixMode is st_mode.
func unixMode(f remote.File) uint32 {
	kind := map[fs.FileMode]uint32{0: 0o100000, fs.ModeDir: 0o040000, fs.ModeSymlink: 0o120000}[f.Type]
	return kind | uint32(f.Mode)
}
