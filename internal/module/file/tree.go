package file

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// pathsPerCommand keeps a command line below the host's limit for one.
const pathsPerCommand = 500

// planTree compares a folder and all below it with what is asked for, in one round trip. done is false where
// there is no folder yet.
func (s *Spec) planTree(ctx context.Context, h remote.Reader, p string) (c module.Change, done bool, err error) {
	files, err := s.tree(ctx, h, p)
	if err != nil || len(files) == 0 || !files[0].IsDir() {
		return c, false, err
	}
	slices.SortStableFunc(files[1:], func(a, b remote.File) int { return strings.Compare(a.Path, b.Path) })
	var known attributes.Known
	var commands []string
	c.Result = attributes.Facts(value.NewMap("path", p), files[0])
	for _, f := range files {
		if !s.Differ(f) {
			continue
		}
		if len(commands) == 0 {
			if known, err = s.Lookup(ctx, h); err != nil {
				return c, true, err
			}
		}
		after := s.Apply(f, known)
		commands = append(commands, attributes.Commands(f, after)...)
		c.Diffs = append(c.Diffs, attributes.Diff(f, after)...)
		c.Effects = append(c.Effects, module.Effect{Path: &after, Kept: true})
	}
	commands = joinCommands(commands)
	commands = append(commands, situation{Spec: s, path: p}.touchCommands("preserve")...)
	if len(commands) > 0 {
		c.Predict = module.Changes
		c.Result = attributes.Facts(value.NewMap("path", p), s.Apply(files[0], known))
		summary := fmt.Sprintf("set owner, group and mode of %s and what is below it", p)
		c.Steps = []module.Step{attributes.Step(summary, "path", p, commands)}
	}
	return c, true, nil
}

// tree describes the folder and all below it, the folder first. In check mode what earlier tasks would have
// made there is a part of it, which the host's own find does not see.
func (s *Spec) tree(ctx context.Context, h remote.Reader, p string) ([]remote.File, error) {
	f, ok := h.(remote.Foreseer)
	if !ok {
		return readTree(ctx, h, p, s.Follow)
	}
	// A link below the folder may lead to what an earlier task would change elsewhere.
	if touched, err := f.Touched(ctx, p); err != nil || !touched && !s.Follow {
		return readTree(ctx, h, p, s.Follow)
	}
	files, err := readTree(ctx, h, p, s.Follow)
	if err != nil {
		return nil, err
	}
	foreseen, err := f.Below(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := s.noNewLinks(ctx, f, foreseen); err != nil {
		return nil, err
	}
	queries := []remote.FileQuery{{Path: p, Follow: s.Follow, List: true}}
	seen := map[remote.FileQuery]bool{queries[0]: true}
	add := func(p string, follow bool) {
		if q := (remote.FileQuery{Path: p, Follow: follow, List: true}); !seen[q] {
			seen[q] = true
			queries = append(queries, q)
		}
	}
	for _, file := range files { // a link comes for what it points at, and for itself
		add(file.Path, s.Follow && !file.IsLink())
	}
	for _, name := range foreseen {
		add(name, s.Follow)
	}
	var all []remote.File
	for batch := range slices.Chunk(queries, pathsPerCommand) {
		found, err := h.Files(ctx, batch...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return slices.DeleteFunc(all, func(file remote.File) bool { return !file.Exists }), nil
}

// noNewLinks tells that what is below the folder is not known: an earlier task would make a link there, which is followed.
func (s *Spec) noNewLinks(ctx context.Context, f remote.Foreseer, paths []string) error {
	if !s.Follow || len(paths) == 0 {
		return nil
	}
	var queries []remote.FileQuery
	for _, p := range paths {
		queries = append(queries, remote.FileQuery{Path: p, Partial: true})
	}
	files, err := f.Files(ctx, queries...)
	for _, file := range files {
		if err == nil && file.IsLink() {
			err = f.Unknown("what is below " + file.Path)
		}
	}
	return err
}

// joinCommands makes one command of those that differ only in the last word, the path.
func joinCommands(commands []string) []string {
	var order []string
	byVerb := map[string][]string{}
	for _, c := range commands {
		verb, words, _ := strings.Cut(c, " -- ")
		what, p, _ := strings.Cut(words, " ") // the owner or the mode
		verb += " -- " + what
		if byVerb[verb] == nil {
			order = append(order, verb)
		}
		byVerb[verb] = append(byVerb[verb], p)
	}
	var joined []string
	for _, verb := range sortChownFirst(order) {
		paths := byVerb[verb]
		for len(paths) > 0 {
			n := min(len(paths), pathsPerCommand)
			joined = append(joined, verb+" "+strings.Join(paths[:n], " "))
			paths = paths[n:]
		}
	}
	return joined
}

// sortChownFirst keeps chmod after chown, which clears setuid.
func sortChownFirst(verbs []string) []string {
	var first, last []string
	for _, v := range verbs {
		if strings.HasPrefix(v, "chown") {
			first = append(first, v)
		} else {
			last = append(last, v)
		}
	}
	return append(first, last...)
}

// treeScript prints what stat knows of a folder and of all below it. With follow, links
// stand for what they point at; the links themselves come after. A record ends with "//" and
// a line break, which no path holds.
func treeScript(p string, follow bool) string {
	const format = "-exec stat %s -c '%%f %%u %%g %%s %%h %%U %%G %%n//' {} +"
	q := module.Quote(p)
	if !follow {
		return fmt.Sprintf("[ -d %s ] || exit 0\nfind %s "+format+"\n", q, q, "")
	}
	return fmt.Sprintf("[ -d %s ] || exit 0\nfind -L %s ! -type l "+format+"\nfind %s/ -type l "+format+"\n", q, q, "-L", q, "")
}

// treeLimit is how long find may be silent in a folder with very many files.
const treeLimit = 10 * time.Minute

func readTree(ctx context.Context, h remote.Reader, p string, follow bool) ([]remote.File, error) {
	var res remote.Result
	for range 3 { // files that go away meanwhile make find fail
		var err error
		if res, err = h.Query(remote.Patient(ctx, treeLimit), treeScript(p, follow)); err != nil {
			return nil, err
		}
		if res.ExitCode == 0 {
			break
		}
	}
	if res.ExitCode != 0 {
		return nil, &remote.ScriptError{What: "look at what is below " + p, Result: res}
	}
	var files []remote.File
	for record := range strings.SplitSeq(string(res.Stdout), "//\n") {
		if record == "" {
			continue
		}
		f, err := parseRecord(record)
		if err != nil {
			return nil, fmt.Errorf("look at what is below %s: %w", p, err)
		}
		files = append(files, f)
	}
	return files, nil
}

func parseRecord(record string) (remote.File, error) {
	fields := strings.SplitN(record, " ", 8)
	if len(fields) != 8 {
		return remote.File{}, fmt.Errorf("stat answered %q", record)
	}
	mode, err := strconv.ParseUint(fields[0], 16, 32)
	var n [4]int
	for i := range n {
		if err == nil {
			n[i], err = strconv.Atoi(fields[1+i])
		}
	}
	if err != nil {
		return remote.File{}, fmt.Errorf("stat answered %q: %w", record, err)
	}
	f := remote.File{Path: strings.ReplaceAll(fields[7], "//", "/"), Exists: true, Mode: fs.FileMode(mode & 0o7777), UID: n[0], GID: n[1],
		Size: int64(n[2]), Links: uint64(n[3]), Owner: fields[5], Group: fields[6]}
	switch mode & 0o170000 {
	case 0o040000:
		f.Type = fs.ModeDir
	case 0o120000:
		f.Type = fs.ModeSymlink
	}
	if f.Owner == "UNKNOWN" {
		f.Owner = fields[1]
	}
	if f.Group == "UNKNOWN" {
		f.Group = fields[2]
	}
	return f, nil
}
