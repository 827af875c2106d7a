// Package file is the module file: what is at a path, and whose.
package file

import (
	"context"
	"fmt"
	"path"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "file",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Makes and removes folders, links and empty files, and sets owner, group and mode.",
			Notes: []string{
				"Paths are absolute or begin with ~.",
				"Folders that are missing above a folder are made too, with the same owner, group and mode, as Ansible does.",
			},
			Examples: "- file:\n    path: /etc/kafka/jmx\n    state: directory\n    owner: kafka\n    mode: \"0750\"\n",
			Returns: []module.Return{
				{Name: "path", Type: "str", Text: "the path; dest with the states link, hard and touch"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "what the path is afterwards"},
			},
		},
		New: func() module.Spec {
			return &Spec{Follow: true}
		},
	}
}

// Spec is the module's arguments.
type Spec struct {
	Path    string `arg:"path,required,alias=dest|name" doc:"the path that is managed"`
	State   string `arg:"state,choices=absent|directory|file|hard|link|touch" doc:"what there is to be; without it what there is, or directory with recurse, or file"`
	Src     string `arg:"src" doc:"what a link points at; a relative one counts from the link's folder"`
	Recurse bool   `arg:"recurse" doc:"set owner, group and mode of everything below the folder too"`
	Force   bool   `arg:"force" doc:"link: replace a file or an empty folder, and make the link even if src does not exist"`
	Follow  bool   `arg:"follow" doc:"where path is a link, act on what it points at"`

	ModificationTime       string `arg:"modification_time,choices=now|preserve" doc:"time of the last change: now or preserve; without it now for touch, preserve for the others"`
	AccessTime             string `arg:"access_time,choices=now|preserve" doc:"time of the last access: now or preserve; without it now for touch, preserve for the others"`
	ModificationTimeFormat string `arg:"modification_time_format,unsupported" doc:"kops sets times to now only: use command: touch -d"`
	AccessTimeFormat       string `arg:"access_time_format,unsupported" doc:"kops sets times to now only: use command: touch -d"`
	attributes.Arguments
}

// Validate finds arguments that do not go together.
func (s *Spec) Validate() error {
	switch {
	case s.Mode.Preserve():
		return fmt.Errorf("mode: preserve has no meaning here: there is no source to take a mode from")
	case s.Recurse && s.State != "" && s.State != "directory":
		return fmt.Errorf("recurse: needs state: directory, not %s", s.State)
	case s.Src != "" && s.State != "" && s.State != "link" && s.State != "hard":
		return fmt.Errorf("src: is for the states link and hard, not for %s", s.State)
	}
	return nil
}

// A situation is what Plan read.
type situation struct {
	*Spec
	path      string
	here      remote.File   // the path itself
	target    remote.File   // what it points at, where it is a link
	ancestors []remote.File // the folders above it, the nearest first, links followed
	source    remote.File   // what src points at, where there is a src
	reader    remote.Reader
	known     attributes.Known
}

// Plan reads the path, all folders above it and src in one go.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	p, err := attributes.Path(ctx, h, "path", s.Path)
	if err != nil {
		return module.Change{}, err
	}
	if s.Recurse {
		if c, done, err := s.planTree(ctx, h, p); done || err != nil {
			return c, err
		}
	}
	queries := []remote.FileQuery{{Path: p, List: s.State == "link" && s.Force}, {Path: p, Follow: true}}
	for dir := p; dir != "/"; {
		dir = path.Dir(dir)
		queries = append(queries, remote.FileQuery{Path: dir, Follow: true, Partial: true})
	}
	ancestors := len(queries)
	if s.Src != "" {
		bare := s.State != "hard" && s.Owner+s.Group == "" && !s.Mode.IsSet() // a link needs to know no more than that there is something
		queries = append(queries, remote.FileQuery{Path: s.sourcePath(path.Dir(p)), Follow: true, Partial: bare},
			remote.FileQuery{Path: s.sourcePath(p), Follow: true, Partial: true})
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return module.Change{}, err
	}
	now := situation{Spec: s, path: p, here: files[0], target: files[1], ancestors: files[2:ancestors], reader: h}
	if s.Src != "" {
		now.source = files[ancestors]
		if now.here.IsDir() { // as in Ansible: a folder in the link's place is where src counts from
			now.source = files[ancestors+1]
		}
	}
	state := s.State
	if state == "" {
		state = now.defaultState()
	}
	if state != "absent" && (!now.subject().Exists || s.Differ(now.subject())) {
		if now.known, err = s.Lookup(ctx, h); err != nil {
			return module.Change{}, err
		}
	}
	return now.plan(state)
}

func (s *Spec) sourcePath(from string) string {
	if path.IsAbs(s.Src) {
		return path.Clean(s.Src)
	}
	return path.Join(from, s.Src)
}

func (n situation) defaultState() string {
	switch {
	case n.here.Exists && n.Src != "":
		return "link"
	case n.here.Exists:
		return attributes.State(n.here)
	case n.Recurse:
		return "directory"
	}
	return "file"
}

func (n situation) plan(state string) (module.Change, error) {
	switch state {
	case "absent":
		return n.absent()
	case "directory":
		return n.directory()
	case "link":
		return n.link()
	case "hard":
		return n.hard()
	case "touch":
		return n.touch()
	}
	return n.file()
}

// subject is what owner, group and mode are set of.
func (n situation) subject() remote.File {
	if n.here.IsLink() && n.Follow && n.State != "absent" {
		f := n.target
		f.Path = n.path
		return f
	}
	return n.here
}

// parentError tells why nothing can be made at the path; nil where it can.
func (n situation) parentError() error {
	if len(n.ancestors) == 0 {
		return nil
	}
	switch parent := n.ancestors[0]; {
	case !parent.Exists:
		return attributes.MissingParent("path", n.path)
	case !parent.IsDir():
		return fmt.Errorf("path: %s is not a folder, so there can be no %s", parent.Path, n.path)
	}
	return nil
}

// unchanged is the change that is none.
func unchanged(key string, f remote.File) module.Change {
	return module.Change{Result: attributes.Facts(value.NewMap(key, f.Path), f)}
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return attributes.Touches(s.Path) }

// change is one that makes before what after is, by commands.
func change(key, summary string, before, after remote.File, commands []string) module.Change {
	return module.Change{
		Predict: module.Changes,
		Diffs:   attributes.Diff(before, after),
		Effects: []module.Effect{{Path: &after}},
		Steps:   []module.Step{attributes.Step(summary, key, after.Path, commands)},
		Result:  attributes.Facts(value.NewMap(key, after.Path), after),
	}
}
