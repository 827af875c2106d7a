package file

import (
	"fmt"
	"io/fs"
	"path"

	"kops/internal/module"
	"kops/internal/module/attributes"
)

func (n situation) link() (module.Change, error) {
	if err := n.linkRefused(); err != nil {
		return module.Change{}, err
	}
	if n.Src == "" || n.here.IsLink() && n.here.Link == n.Src {
		if !n.subject().Exists { // a link to nothing has nothing to set
			return unchanged("dest", n.here), nil
		}
		c := n.setAttributes("dest", n.subject())
		c.Result.Set("src", n.here.Link)
		return c, nil
	}
	after := n.here
	after.Path, after.Exists, after.Type, after.Link, after.Mode, after.Links = n.path, true, fs.ModeSymlink, n.Src, 0o777, 1
	if !n.here.Exists || !n.here.IsLink() {
		after.Owner, after.Group = n.reader.User(), n.reader.User()
	}
	commands := n.replaceBy("ln", "-sfn", "--", n.Src)
	var followed []module.Effect
	switch {
	case !n.Follow:
		after = n.Apply(after, n.known)
		commands = append(commands, n.Create(after)...)
	case n.source.Exists && n.Differ(n.source):
		target := n.source
		target.Path = n.path
		commands = append(commands, attributes.Commands(target, n.Apply(target, n.known))...)
		source := n.Apply(n.source, n.known)
		followed = []module.Effect{{Path: &source, Kept: true}}
	}
	c := change("dest", "link "+n.path+" to "+n.Src, n.here, after, commands)
	c.Effects = append(c.Effects, followed...)
	c.Result.Set("src", n.Src)
	return c, nil
}

// linkRefused tells why there can be no link; nil where there can.
func (n situation) linkRefused() error {
	switch {
	case n.Src == "" && !n.here.IsLink():
		return fmt.Errorf("src: is required for creating new symlinks")
	case n.Src == "":
		return nil
	case !n.Force && !n.source.Exists:
		return fmt.Errorf("src: %s does not exist: use force: true if you really want to create the link (%w)", n.source.Path, module.ErrDependsOnEarlier)
	case n.here.IsDir() && n.Force && len(n.here.Names) > 0:
		return fmt.Errorf("path: the directory %s is not empty, refusing to convert it", n.path)
	case n.here.Exists && !n.here.IsLink() && !n.Force:
		return fmt.Errorf("path: refusing to convert from %s to symlink for %s: force: true allows it", attributes.State(n.here), n.path)
	case !n.here.Exists:
		return n.parentError()
	}
	return nil
}

func (n situation) hard() (module.Change, error) {
	same := n.here.Exists && n.here.Inode == n.source.Inode && n.here.Device == n.source.Device
	switch {
	case n.Src == "" && attributes.State(n.here) != "hard":
		return module.Change{}, fmt.Errorf("src: is required for creating new hardlinks")
	case n.Src != "" && !path.IsAbs(n.Src):
		return module.Change{}, fmt.Errorf("src: %q is not an absolute path, which state: hard needs", n.Src)
	case n.Src != "" && !n.source.Exists:
		return module.Change{}, fmt.Errorf("src: %s does not exist (%w)", n.source.Path, module.ErrDependsOnEarlier)
	case n.Src == "" || same:
		return n.setAttributes("dest", n.here), nil
	case n.source.IsDir() || n.here.IsDir():
		return module.Change{}, fmt.Errorf("path: a folder cannot be a hard link")
	case n.here.Exists && !n.here.IsLink() && !n.Force:
		return module.Change{}, fmt.Errorf("path: Cannot link, %s exists at destination: force: true replaces it", attributes.State(n.here))
	}
	if !n.here.Exists {
		if err := n.parentError(); err != nil {
			return module.Change{}, err
		}
	}
	linked := n.source
	linked.Path, linked.Links = n.path, n.source.Links+1
	after := n.Apply(linked, n.known)
	commands := append(n.replaceBy("ln", "-f", "--", n.source.Path), attributes.Commands(linked, after)...)
	c := change("dest", "link "+n.path+" to "+n.Src, n.here, after, commands)
	c.Effects[0].Unlink = true
	c.Result.Set("src", n.Src)
	return c, nil
}

// replaceBy returns the commands that make a link: directly where there is nothing, else
// beside it and then by a rename, so that the path is never without one.
func (n situation) replaceBy(link ...string) []string {
	if !n.here.Exists {
		return []string{module.Quote(append(link, n.path)...)}
	}
	var commands []string
	if n.here.IsDir() {
		commands = append(commands, module.Quote("rmdir", "--", n.path))
	}
	beside := path.Join(path.Dir(n.path), ".kops-link-"+path.Base(n.path))
	return append(commands,
		module.Quote(append(link, beside)...),
		module.Quote("mv", "-fT", "--", beside, n.path)+" || { "+module.Quote("rm", "-f", "--", beside)+"; false; }")
}
