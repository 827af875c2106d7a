package unarchive

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// compareLimit is how long comparing a big archive with what is there may take.
const compareLimit = time.Hour

// planRemote compares an archive of the host: the host does it, in one script.
func (j job) planRemote(ctx context.Context, h remote.Reader) (module.Change, error) {
	src, err := attributes.Path(ctx, h, "src", j.Src)
	if err != nil {
		return module.Change{}, err
	}
	creates, err := j.createsPath(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	if j.Creates == "" {
		creates = ""
	}
	j.src = src
	if err := j.foreseen(ctx, h, creates); err != nil {
		return module.Change{}, err
	}
	res, err := h.Query(remote.Patient(ctx, compareLimit), j.script(creates))
	if err != nil {
		return module.Change{}, err
	}
	if res.ExitCode != 0 {
		return module.Change{}, &remote.ScriptError{What: "look into " + src, Result: res}
	}
	state, rest, _ := strings.Cut(string(res.Stdout), "\n")
	switch state {
	case "created":
		return module.Change{Result: value.NewMap("dest", j.dest, "src", j.Src, "msg", fmt.Sprintf("skipped, since %s exists", j.Creates))}, nil
	case "missing":
		return module.Change{}, fmt.Errorf("src: Source '%s' does not exist on the host (%w)", src, module.ErrDependsOnEarlier)
	case "unreadable":
		return module.Change{}, fmt.Errorf("src: Source '%s' not readable by %s", src, h.User())
	case "folder":
		return module.Change{}, notAFolder(j.dest)
	}
	head, err := hex.DecodeString(state)
	if err != nil {
		return module.Change{}, fmt.Errorf("look into %s: unexpected answer %q", src, state)
	}
	if j.format, err = detect(head); err != nil {
		return module.Change{}, fmt.Errorf("src: %s: %w", src, err)
	}
	listing, diff, _ := strings.Cut(rest, "//\n")
	var names []string
	for name := range strings.Lines(listing) {
		if name = strings.Trim(strings.TrimPrefix(strings.TrimSuffix(name, "\n"), "./"), "/"); name != "" {
			names = append(names, name)
		}
	}
	return j.decideRemote(ctx, h, names, diff)
}

// foreseen tells what the host's own look cannot see in check mode: that an earlier task would bring the archive,
// the folder, or what is in it.
func (j job) foreseen(ctx context.Context, h remote.Reader, creates string) error {
	f, ok := h.(remote.Foreseer)
	if !ok {
		return nil
	}
	queries := []remote.FileQuery{{Path: j.src, Follow: true, Partial: true}, {Path: j.dest, Follow: true, Partial: true}}
	if creates != "" {
		queries = append(queries, remote.FileQuery{Path: creates, Follow: true, Partial: true})
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return err
	}
	if creates != "" {
		if touched, err := f.Touched(ctx, creates); err != nil || files[2].Exists && !touched {
			return err // it is there and stays: nothing will be unpacked
		}
	}
	for i, p := range []string{j.src, j.dest} {
		touched, err := f.Touched(ctx, p)
		switch {
		case err != nil:
			return err
		case touched && i == 1 && !files[1].IsDir():
			return notAFolder(p)
		case touched:
			return f.Unknown(p + ", which an earlier task would change")
		}
	}
	if creates == "" {
		return nil
	}
	if touched, err := f.Touched(ctx, creates); err != nil || touched {
		return f.Unknown(creates)
	}
	return nil
}

// decideRemote decides from the names in the archive and from what differs.
func (j job) decideRemote(ctx context.Context, h remote.Reader, names []string, diff string) (module.Change, error) {
	c := module.Change{Result: value.NewMap("dest", j.dest, "src", j.Src, "handler", handlers[j.format])}
	if j.ListFiles {
		c.Result.Set("files", value.Strings(names))
	}
	lines := j.differences(diff, h.User() == "root")
	if j.format == Zip {
		lines = slices.Collect(strings.Lines(diff))
	}
	if len(lines) > 0 {
		for i, line := range lines {
			lines[i] = strings.TrimSuffix(line, "\n")
		}
		c.Predict = module.Changes
		c.Diffs = []module.Diff{{BeforeHeader: j.dest, AfterHeader: j.dest, Note: summarize(lines)}}
		for _, name := range names {
			f := remote.File{Path: path.Join(j.dest, name), Exists: true}
			if slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") }) {
				f.Type = fs.ModeDir
			}
			c.Effects = append(c.Effects, module.Effect{Path: &f, Vague: true, Unlink: f.Type == 0})
		}
		c.Steps = []module.Step{j.unpackStep()}
		return c, nil
	}
	if !j.setsAttributes() {
		return c, nil
	}
	var queries []remote.FileQuery
	for _, name := range names {
		queries = append(queries, remote.FileQuery{Path: path.Join(j.dest, name)})
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return module.Change{}, err
	}
	return j.setAttributes(ctx, h, c, files)
}

// script prints "created", "missing", "unreadable" or "folder" where that ends it; else the
// first bytes of the archive in hex, the names in it, "//", and what differs.
func (j job) script(creates string) string {
	src, dest := module.Quote(j.src), module.Quote(j.dest)
	var b strings.Builder
	if creates != "" {
		fmt.Fprintf(&b, "if [ -e %s ]; then echo created; exit 0; fi\n", module.Quote(creates))
	}
	fmt.Fprintf(&b, "if [ ! -e %s ]; then echo missing; exit 0; fi\n", src)
	fmt.Fprintf(&b, "if [ ! -r %s ]; then echo unreadable; exit 0; fi\n", src)
	fmt.Fprintf(&b, "if [ ! -d %s ]; then echo folder; exit 0; fi\n", dest)
	fmt.Fprintf(&b, "head=$(head -c 512 %s | od -An -v -tx1 | tr -d ' \\n'); echo \"$head\"\n", src)
	selected := module.Quote(append(append([]string{j.src}, j.Include...), excludeWords(j.Exclude)...)...)
	list := j.tarWords("--list")
	fmt.Fprintf(&b, `case $head in
504b0304*)
	unzip -Z1 %[1]s || exit 2
	echo //
	unzip -lqq %[1]s | while read -r size day time name; do
		case $name in
		*/) [ -d %[2]s/"$name" ] || echo "$name: missing";;
		*) [ "$(stat -c %%s -- %[2]s/"$name" 2>/dev/null)" = "$size" ] || echo "$name: missing or of another size";;
		esac
	done;;
*)
	%[3]s || exit 2
	echo //
	%[4]s 2>&1;;
esac
exit 0
`, selected, dest, module.Quote(list...), module.Quote(j.tarWords("--diff")...))
	return b.String()
}

func excludeWords(exclude []string) []string {
	if len(exclude) == 0 {
		return nil
	}
	return append([]string{"-x"}, exclude...)
}
