package copy

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// textInTree is the size up to which the many files of a folder are shown as differences.
const textInTree = 32 << 10

// treeBatch is how many paths are looked at in one round trip.
const treeBatch = 2000

// planTree compares a folder of the controller with dest, in as few round trips as there
// are batches of paths.
func (s *Spec) planTree(ctx context.Context, h remote.Reader, dest string) (module.Change, error) {
	root := path.Join(dest, s.Tree.Name)
	queries := []remote.FileQuery{{Path: dest, Follow: true}, {Path: root, Follow: true}}
	for _, e := range s.Tree.Entries {
		q := remote.FileQuery{}
		if e.Source != nil {
			q.Hash = remote.AnyHash // one program computes them all, and no content comes over
		}
		q.Path = path.Join(root, e.Path)
		q.Follow = e.Link == "" && (e.Source == nil || s.Follow)
		queries = append(queries, q)
	}
	files, err := lookAt(ctx, h, queries)
	if err != nil {
		return module.Change{}, err
	}
	if files[0].Exists && !files[0].IsDir() {
		return module.Change{}, fmt.Errorf("dest: %s is not a folder, and src is one", dest)
	}
	p := treePlan{Spec: s, h: &oneLookup{Reader: h}, root: root}
	p.change.Result = attributes.Facts(value.NewMap("dest", s.Dest, "src", s.Src), files[1])
	if !files[1].Exists || s.Tree.Name != "" {
		if err := p.folder(ctx, files[1], root); err != nil {
			return module.Change{}, err
		}
	}
	for i, e := range s.Tree.Entries {
		if err := p.entry(ctx, e, files[2+i]); err != nil {
			return module.Change{}, err
		}
	}
	if err := p.write(ctx); err != nil {
		return module.Change{}, err
	}
	return p.finish(), nil
}

// A treePlan gathers what must be done: first the folders and links, in one script, then the files.
type treePlan struct {
	*Spec
	h        remote.Reader
	root     string
	change   module.Change
	commands []string
	differ   []differing
	files    []remote.NewFile // to be written all at once
	writes   []module.Step    // of those that need care
}

// A differing file is one that must be written.
type differing struct {
	Entry
	old remote.File
}

func (p *treePlan) entry(ctx context.Context, e Entry, f remote.File) error {
	switch {
	case e.Source != nil:
		return p.file(ctx, e, f)
	case e.Link != "":
		return p.link(e, f)
	}
	return p.folder(ctx, f, f.Path)
}

func (p *treePlan) folder(ctx context.Context, f remote.File, at string) error {
	if f.Exists && !f.IsDir() {
		return fmt.Errorf("dest: %s is not a folder, and is one in src", at)
	}
	a := p.folderAttributes()
	if f.Exists && !a.Differ(f) {
		return nil
	}
	known, err := a.Lookup(ctx, p.h)
	if err != nil {
		return err
	}
	after := a.Apply(f, known)
	if !f.Exists {
		after = a.New(at, fs.ModeDir, p.h, known)
		p.commands = append(append(p.commands, module.Quote("mkdir", "-p", "--", at)), a.Create(after)...)
	} else {
		p.commands = append(p.commands, attributes.Commands(f, after)...)
	}
	p.add(attributes.Diff(f, after), module.Effect{Path: &after, Kept: f.Exists})
	return nil
}

func (p *treePlan) add(diffs []module.Diff, e module.Effect) {
	p.change.Diffs = append(p.change.Diffs, diffs...)
	p.change.Effects = append(p.change.Effects, e)
}

func (p *treePlan) link(e Entry, f remote.File) error {
	switch {
	case f.IsLink() && f.Link == e.Link:
		return nil
	case f.IsDir():
		return fmt.Errorf("dest: %s is a folder, and a link in src", f.Path)
	}
	after := remote.File{Path: f.Path, Exists: true, Type: fs.ModeSymlink, Mode: 0o777, Link: e.Link, Owner: p.h.User(), Group: p.h.User(), Links: 1}
	p.commands = append(p.commands, module.Quote("ln", "-sfn", "--", e.Link, f.Path))
	p.add(attributes.Diff(f, after), module.Effect{Path: &after})
	return nil
}

func (p *treePlan) file(ctx context.Context, e Entry, f remote.File) error {
	if f.IsDir() {
		return fmt.Errorf("dest: %s is a folder, and a file in src", f.Path)
	}
	if f.Exists && !p.Force {
		return nil
	}
	if f.IsRegular() {
		same, err := isSame(f, e.Source, nil)
		if err != nil {
			return err
		}
		if same {
			return p.keep(ctx, p.fileAttributes(e.Source), f)
		}
	}
	p.differ = append(p.differ, differing{e, f})
	return nil
}

// keep sets the attributes of a file whose content is as it should be.
func (p *treePlan) keep(ctx context.Context, a attributes.Arguments, f remote.File) error {
	if !a.Differ(f) {
		return nil
	}
	known, err := a.Lookup(ctx, p.h)
	if err != nil {
		return err
	}
	after := a.Apply(f, known)
	p.commands = append(p.commands, attributes.Commands(f, after)...)
	p.add(attributes.Diff(f, after), module.Effect{Path: &after, Kept: true})
	return nil
}

// A oneLookup asks for accounts once: all files of a tree have the same owner.
type oneLookup struct {
	remote.Reader
	asked    bool
	accounts remote.Accounts
}

// Accounts answers as the first time.
func (o *oneLookup) Accounts(ctx context.Context, users, groups []string) (remote.Accounts, error) {
	if o.asked {
		return o.accounts, nil
	}
	var err error
	o.accounts, err = o.Reader.Accounts(ctx, users, groups)
	o.asked = err == nil
	return o.accounts, err
}

// finish puts the steps together. The last one tells of the folder.
func (p *treePlan) finish() module.Change {
	c := p.change
	if len(p.commands) > 0 {
		c.Steps = []module.Step{{Summary: "prepare folders and attributes in " + p.root, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
			_, err := h.Script(ctx, strings.Join(p.commands, " &&\n")+"\n")
			return module.Outcome{Changed: true}, err
		}}}
	}
	c.Steps = append(append(c.Steps, p.all()...), p.writes...)
	if len(c.Steps) > 0 {
		c.Predict = module.Changes
		c.Steps[len(c.Steps)-1] = p.last(c.Steps[len(c.Steps)-1])
	}
	return c
}

// last makes the last step tell of the folder.
func (p *treePlan) last(step module.Step) module.Step {
	do := step.Do
	step.Do = func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if out, err := do(ctx, h); err != nil {
			return out, err
		}
		out, err := attributes.Outcome(ctx, h, "dest", p.root)
		if err == nil {
			out.Result.Set("dest", p.Dest)
		}
		return out, err
	}
	return step
}
