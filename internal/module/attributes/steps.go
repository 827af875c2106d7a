package attributes

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Commands returns the shell commands that give before the owner, group and mode of after.
// A link's own owner is set, not that of what it points at.
func Commands(before, after remote.File) []string {
	var lines []string
	owner, group := before.Owner != after.Owner, before.Group != after.Group
	if owner || group {
		lines = append(lines, module.Quote(append(chown(before, after, owner, group), before.Path)...))
	}
	// chown clears setuid and setgid: what of them is to stay is set anew.
	cleared := (owner || group) && after.Mode&0o6000 != 0
	if !before.IsLink() && (before.Mode&0o7777 != after.Mode&0o7777 || cleared) {
		lines = append(lines, module.Quote("chmod", "--", module.FormatMode(after.Mode), before.Path))
	}
	return lines
}

// Create returns the shell commands that give a path that was just made what is asked for.
// after is what New returned for it.
func (a Arguments) Create(after remote.File) []string {
	before := after
	if a.Owner != "" {
		before.Owner = ""
	}
	if a.Group != "" {
		before.Group = ""
	}
	if a.Mode.IsSet() && !a.Mode.Preserve() {
		before.Mode = ^after.Mode & 0o7777
	}
	return Commands(before, after)
}

func chown(before, after remote.File, owner, group bool) []string {
	words := []string{"chown"}
	if before.IsLink() {
		words = append(words, "-h")
	}
	switch {
	case owner && group:
		words = append(words, "--", after.Owner+":"+after.Group)
	case owner:
		words = append(words, "--", after.Owner)
	default:
		words = append(words, "--", ":"+after.Group)
	}
	return words
}

// Diff tells how after differs from before, property by property; none where it does not.
func Diff(before, after remote.File) []module.Diff {
	var b, a strings.Builder
	line := func(name, old, new string) {
		if old == new {
			return
		}
		if old != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, old)
		}
		if new != "" {
			fmt.Fprintf(&a, "%s: %s\n", name, new)
		}
	}
	line("state", State(before), State(after))
	line("src", before.Link, after.Link)
	line("owner", before.Owner, after.Owner)
	line("group", before.Group, after.Group)
	line("mode", mode(before), mode(after))
	if b.Len() == 0 && a.Len() == 0 {
		return nil
	}
	path := before.Path
	if !before.Exists {
		path = after.Path
	}
	return []module.Diff{{BeforeHeader: path, AfterHeader: path, Before: b.String(), After: a.String()}}
}

func mode(f remote.File) string {
	if !f.Exists || f.IsLink() {
		return ""
	}
	return module.FormatMode(f.Mode)
}

// Step runs commands, one a line, each only if the one before succeeded. Its outcome tells
// of path as it then is, under the given key ("path" or "dest").
func Step(summary, key, path string, commands []string) module.Step {
	return module.Step{Summary: summary, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if _, err := h.Script(ctx, strings.Join(commands, " &&\n")+"\n"); err != nil {
			return module.Outcome{}, fmt.Errorf("%s: %w", summary, err)
		}
		return Outcome(ctx, h, key, path)
	}}
}

// Outcome is that of a step that changed path: it tells of path as it now is.
func Outcome(ctx context.Context, h remote.Reader, key, path string) (module.Outcome, error) {
	files, err := h.Files(ctx, remote.FileQuery{Path: path})
	if err != nil {
		return module.Outcome{}, fmt.Errorf("%s was changed, but could not be looked at afterwards: %w", path, err)
	}
	return module.Outcome{Changed: true, Result: Facts(value.NewMap(key, path), files[0])}, nil
}
