package file

import (
	"fmt"
	"io/fs"
	"slices"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
)

func (n situation) absent() (module.Change, error) {
	if !n.here.Exists {
		return unchanged("path", n.here), nil
	}
	command := module.Quote("rm", "-f", "--", n.path)
	if n.here.IsDir() {
		command = module.Quote("rm", "-rf", "--", n.path)
	}
	if n.path == "/" {
		return module.Change{}, fmt.Errorf("path: / is not removed")
	}
	return change("path", "remove "+n.path, n.here, remote.File{Path: n.path}, []string{command}), nil
}

// file sets the attributes of a file that must be there.
func (n situation) file() (module.Change, error) {
	f := n.subject()
	if !f.Exists {
		return module.Change{}, fmt.Errorf("file (%s) is absent, cannot continue: state: touch makes an empty file, module copy one with content (%w)",
			n.path, module.ErrDependsOnEarlier)
	}
	if f.IsDir() || f.IsLink() {
		return module.Change{}, fmt.Errorf("file (%s) is %s, cannot continue: give state: %s, or leave it out", n.path, attributes.State(f), attributes.State(f))
	}
	return n.setAttributes("path", f), nil
}

// setAttributes gives an existing path its owner, group, mode and times.
func (n situation) setAttributes(key string, f remote.File) module.Change {
	after := n.Apply(f, n.known)
	commands := append(attributes.Commands(f, after), n.touchCommands("preserve")...)
	if len(commands) == 0 {
		return unchanged(key, f)
	}
	return kept(change(key, "set owner, group and mode of "+n.path, f, after, commands))
}

// kept says that the change leaves the content as it is.
func kept(c module.Change) module.Change {
	for i := range c.Effects {
		c.Effects[i].Kept = true
	}
	return c
}

// touchCommands sets the times to now where that is asked for. usual is what counts where
// nothing is said.
func (n situation) touchCommands(usual string) []string {
	now := func(s string) bool { return s == "now" || s == "" && usual == "now" }
	switch m, a := now(n.ModificationTime), now(n.AccessTime); {
	case m && a:
		return []string{module.Quote("touch", "--", n.path)}
	case m:
		return []string{module.Quote("touch", "-m", "--", n.path)}
	case a:
		return []string{module.Quote("touch", "-a", "--", n.path)}
	}
	return nil
}

func (n situation) touch() (module.Change, error) {
	f := n.subject()
	if !f.Exists {
		if err := n.parentError(); err != nil {
			return module.Change{}, err
		}
		after := n.New(n.path, 0, n.reader, n.known)
		commands := append([]string{module.Quote("touch", "--", n.path)}, n.Create(after)...)
		return change("dest", "create the empty file "+n.path, f, after, commands), nil
	}
	after := n.Apply(f, n.known)
	times := n.touchCommands("now")
	commands := append(attributes.Commands(f, after), times...)
	if len(commands) == 0 {
		return unchanged("dest", f), nil
	}
	c := kept(change("dest", "touch "+n.path, f, after, commands))
	if len(times) > 0 {
		c.Diffs = append(c.Diffs, module.Diff{BeforeHeader: n.path, AfterHeader: n.path, Note: "times are set to now"})
	}
	return c, nil
}

func (n situation) directory() (module.Change, error) {
	f := n.subject()
	switch {
	case f.IsDir():
		return n.setAttributes("path", f), nil
	case f.Exists:
		return module.Change{}, fmt.Errorf("path: %s already exists as a %s: remove it before, with state: absent", n.path, attributes.State(f))
	case n.here.IsLink():
		return module.Change{}, fmt.Errorf("path: %s is a link to %s, which does not exist", n.path, n.here.Link)
	}
	// What is missing above the folder is made too, from the top.
	missing := []string{n.path}
	for _, dir := range n.ancestors {
		if dir.IsDir() {
			break
		}
		if dir.Exists {
			return module.Change{}, fmt.Errorf("path: %s is a %s, so there can be no %s", dir.Path, attributes.State(dir), n.path)
		}
		missing = append(missing, dir.Path)
	}
	slices.Reverse(missing)
	var commands []string
	var effects []module.Effect
	var after remote.File
	for _, dir := range missing {
		after = n.New(dir, fs.ModeDir, n.reader, n.known)
		made := after
		mkdir := []string{"mkdir", "--", dir}
		if n.Mode.IsSet() { // never wider than asked for, not even for a moment
			mkdir = []string{"mkdir", "-m", module.FormatMode(after.Mode), "--", dir}
		}
		commands = append(append(commands, module.Quote(mkdir...)), n.Create(after)...)
		effects = append(effects, module.Effect{Path: &made})
	}
	commands = append(commands, n.touchCommands("preserve")...)
	c := change("path", "create the folder "+n.path, n.here, after, commands)
	c.Effects = effects
	return c, nil
}
