package posix

import (
	"fmt"
	"io/fs"
	"strings"

	"kops/internal/remote"
)

// commit gives the files of an archive that has been unpacked their owner, mode and label, and puts them in
// place, a folder at a time.
func (a *archive) commit() string {
	var b strings.Builder
	b.WriteString(a.trap())
	a.each(&b, "chown --", func(f remote.NewFile) string {
		if f.Owner == "" && f.Group == "" {
			return ""
		}
		owner := f.Owner
		if f.Group != "" {
			owner += ":" + f.Group
		}
		return Quote(owner)
	})
	a.each(&b, "chmod", func(f remote.NewFile) string { return mode(f.Mode) + " --" })
	a.labels(&b)
	var all []string
	for _, f := range a.files {
		all = append(all, a.beside(f))
	}
	b.WriteString("sync -- " + QuoteAll(all) + " 2>/dev/null || sync\n")
	for _, dir := range a.folders {
		var names []string
		for _, f := range a.within[dir] {
			names = append(names, a.beside(f))
		}
		fmt.Fprintf(&b, "mv -f -- %s %s || exit 1\n", QuoteAll(names), Quote(strings.TrimSuffix(dir, "/")+"/"))
	}
	b.WriteString("sync -- " + QuoteAll(a.folders) + " 2>/dev/null\n")
	b.WriteString("[ $# -eq 0 ] || restorecon -- \"$@\" 2>/dev/null\nexit 0\n")
	return b.String()
}

// labels keeps SELinux's labels of files that are replaced. "$@" are the others.
func (a *archive) labels(b *strings.Builder) {
	b.WriteString("set --\nif [ -d /sys/fs/selinux ] && selinuxenabled 2>/dev/null; then\n")
	for _, f := range a.files {
		p := Quote(f.Path)
		fmt.Fprintf(b, "if [ -e %s ]; then chcon --reference=%s -- %s || exit 1; else set -- \"$@\" %s; fi\n", p, p, Quote(a.beside(f)), p)
	}
	b.WriteString("fi\n")
}

// each runs a command once for all files of which word says the same; for those of which it says
// nothing it does not.
func (a *archive) each(b *strings.Builder, command string, word func(remote.NewFile) string) {
	paths := map[string][]string{}
	var words []string
	for _, f := range a.files {
		w := word(f)
		if w == "" {
			continue
		}
		if paths[w] == nil {
			words = append(words, w)
		}
		paths[w] = append(paths[w], a.beside(f))
	}
	for _, w := range words {
		fmt.Fprintf(b, "%s %s %s || exit 1\n", command, w, QuoteAll(paths[w]))
	}
}

// mode is chmod's word: without a mode, that of a new file.
func mode(m *fs.FileMode) string {
	if m == nil {
		return "=rw"
	}
	return fmt.Sprintf("%04o", uint32(*m))
}
