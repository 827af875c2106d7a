// Package copy is the module copy: a content of the controller's, or a file of the host's own, at a
// path of the host. The actions copy and template, and those that download, end in its Spec.
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

// smallFile is the size up to which contents are compared themselves, in the round trip
// that looks at the file; larger ones by their checksum.
const smallFile = 64 << 10

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "copy",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Puts files and folders of the controller, or a given content, on the host.",
			Notes: []string{
				"Files are replaced atomically; owner and mode of an existing file are kept where nothing is said.",
				"remote_src copies single files; it refuses folders.",
			},
			Examples: "- copy:\n    src: jmx.yml\n    dest: /etc/kafka/jmx.yml\n    owner: kafka\n    mode: \"0640\"\n    backup: true\n",
			Returns: []module.Return{
				{Name: "dest, src", Type: "str", Text: "to where and from where"},
				{Name: "checksum", Type: "str", Text: "SHA-1 of the content"},
				{Name: "backup_file", Type: "str", Text: "where the old file is kept, with backup"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "what the file is afterwards"},
			},
		},
		New: func() module.Spec { return &Spec{Force: true, LocalFollow: true, Decrypt: true} },
	}
}

// Spec is the module's arguments, and what an action sets: Source or Tree where the content is
// on the controller, and Basename, the file's name for a dest that is a folder.
type Spec struct {
	Src           string      `arg:"src,oneof=content" doc:"file or folder; of the controller, or of the host with remote_src"`
	Content       value.Value `arg:"content,raw,oneof=content" doc:"the content itself; mappings and lists become JSON"`
	Dest          string      `arg:"dest,required" doc:"where to; with a slash at its end, or an existing folder: into that folder"`
	Backup        bool        `arg:"backup" doc:"keep the old file beside the new one, with the time in its name"`
	Force         bool        `arg:"force,alias=thirsty" doc:"replace a file that differs; without it an existing file is left alone"`
	Validation    string      `arg:"validate" doc:"a command with %s for the new file's temporary path; it must succeed before the file is replaced"`
	DirectoryMode module.Mode `arg:"directory_mode" doc:"mode of folders that are made"`
	RemoteSrc     bool        `arg:"remote_src" doc:"src is on the host"`
	Follow        bool        `arg:"follow" doc:"where dest is a link, write what it points at; without it the link is replaced"`
	LocalFollow   bool        `arg:"local_follow" doc:"copy what links in a folder of the controller point at, not the links"`
	Checksum      string      `arg:"checksum" doc:"SHA-1 that the content must have"`
	Decrypt       bool        `arg:"decrypt" doc:"decrypt a source that is encrypted by vault"`
	attributes.Arguments

	Source   Source
	Basename string
	Tree     *Tree
}

// Validate finds arguments that do not go together.
func (s *Spec) Validate() error {
	switch {
	case s.Content != nil && strings.HasSuffix(s.Dest, "/"):
		return fmt.Errorf("dest: %s is a folder: with content it must be the path of a file", s.Dest)
	case s.Content != nil && s.RemoteSrc:
		return fmt.Errorf("remote_src: needs src, not content")
	case s.DirectoryMode.Preserve():
		return fmt.Errorf("directory_mode: give a mode: preserve is for files")
	}
	return attributes.ValidateCommand(s.Validation)
}

// Plan compares what is at dest with the source.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	dest, err := attributes.Path(ctx, h, "dest", s.Dest)
	if err != nil {
		return module.Change{}, err
	}
	switch {
	case s.Tree != nil:
		return s.planTree(ctx, h, dest)
	case s.RemoteSrc:
		return s.planRemote(ctx, h, dest)
	}
	source := s.Source
	if source == nil && s.Content != nil {
		text, err := s.contentText()
		if err != nil {
			return module.Change{}, err
		}
		source = Content([]byte(text))
	}
	if source == nil {
		return module.Change{}, fmt.Errorf("src: %s was not read on the controller", s.Src)
	}
	if err := s.verify(source); err != nil {
		return module.Change{}, err
	}
	ahead(source)
	query := compareBy(source, smallFile)
	queries := destQueries(dest, s.Basename, query)
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return module.Change{}, err
	}
	t, err := s.choose(dest, files)
	if err != nil {
		return module.Change{}, err
	}
	return s.planFile(ctx, h, t, source)
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return attributes.Touches(s.Dest) }

// contentText is the argument content as text: JSON of mappings and lists.
func (s *Spec) contentText() (string, error) {
	switch s.Content.(type) {
	case *value.Map, *value.List, value.Tuple:
		text, err := value.JSON(s.Content, value.PythonJSON)
		if err != nil {
			return "", fmt.Errorf("content: %w", err)
		}
		return text, nil
	}
	text, err := module.ToString(s.Content)
	if err != nil {
		return "", fmt.Errorf("content: %w", err)
	}
	return text, nil
}

func (s *Spec) verify(source Source) error {
	if s.Checksum == "" {
		return nil
	}
	got, err := source.Checksum("sha1")
	if err == nil && !strings.EqualFold(got, s.Checksum) {
		err = fmt.Errorf("checksum: the content has %s, not the expected %s: nothing was copied", got, s.Checksum)
	}
	return err
}

// compareBy asks for what a file must be compared with: its content where the source is
// small, else its checksum.
func compareBy(source Source, small int64) remote.FileQuery {
	if source.Size() <= small {
		return remote.FileQuery{Follow: true, Content: attributes.TextLimit}
	}
	return remote.FileQuery{Follow: true, Hash: remote.AnyHash}
}

// destQueries asks for dest, for basename in it, and for the folder above.
func destQueries(dest, basename string, query remote.FileQuery) []remote.FileQuery {
	at := func(p string) []remote.FileQuery {
		q := query
		q.Path = p
		return []remote.FileQuery{q, {Path: p, Partial: true}}
	}
	queries := append(at(dest), remote.FileQuery{Path: path.Dir(dest), Follow: true, Partial: true})
	if basename != "" {
		queries = append(queries, at(path.Join(dest, basename))...)
	}
	return queries
}

// A target is where a file goes.
type target struct {
	path     string
	followed remote.File // what is there, links followed
	self     remote.File // the path itself
	folder   string      // to be made first; "" where it is there
}

// choose finds the target in the answers to destQueries: dest itself, or a file in it.
func (s *Spec) choose(dest string, files []remote.File) (target, error) {
	t := target{path: dest, followed: files[0], self: files[1]}
	into := strings.HasSuffix(s.Dest, "/")
	switch {
	case (into || files[0].IsDir()) && len(files) < 4:
		return t, fmt.Errorf("dest: %s is a folder: give the path of a file in it", dest)
	case into && files[0].Exists && !files[0].IsDir():
		return t, fmt.Errorf("dest: %s is not a folder", dest)
	case into || files[0].IsDir():
		t = target{path: files[3].Path, followed: files[3], self: files[4]}
		if !files[0].Exists {
			t.folder = dest
		}
	case !files[2].Exists:
		return t, attributes.MissingParent("dest", dest)
	case !files[2].IsDir():
		return t, fmt.Errorf("dest: %s is not a folder, so there can be no %s", files[2].Path, dest)
	}
	if t.followed.IsDir() {
		return t, fmt.Errorf("dest: %s is a folder, and cannot be replaced by a file", t.path)
	}
	return t, nil
}

// planFile compares one file with its source.
func (s *Spec) planFile(ctx context.Context, h remote.Reader, t target, source Source) (module.Change, error) {
	t.followed.Path = t.path
	if t.followed.Exists && !s.Force {
		result, err := s.result(source)
		if err != nil {
			return module.Change{}, err
		}
		result.Set("msg", "file already exists")
		return module.Change{Result: attributes.Facts(value.NewMap("dest", t.path), t.followed).Merge(result)}, nil
	}
	args := s.fileAttributes(source)
	unlink := t.self.IsLink() && !s.Follow
	text, err := readSmall(source, attributes.TextLimit)
	if err != nil {
		return module.Change{}, err
	}
	if !unlink && t.followed.IsRegular() {
		same, err := isSame(t.followed, source, text)
		if err != nil {
			return module.Change{}, err
		}
		if same {
			result, err := s.result(source)
			if err != nil {
				return module.Change{}, err
			}
			return args.Keep(ctx, h, "dest", t.followed, result)
		}
	}
	if err := fetchForDiff(ctx, h, &t.followed, text); err != nil {
		return module.Change{}, err
	}
	result, late, err := s.lateResult(source)
	if err != nil {
		return module.Change{}, err
	}
	w := attributes.Write{Key: "dest", Path: t.path, Old: t.followed, Open: opener(source), Size: source.Size(), Content: text,
		Diffs:  []module.Diff{attributes.TextDiff(t.path, t.followed.Content, t.followed.Size, text, source.Size())},
		Backup: s.Backup, Validate: s.Validation, Unlink: unlink, Result: result}
	var made []module.Effect
	if t.folder != "" {
		if w.Before, made, err = s.makeFolders(ctx, h, t.folder); err != nil {
			return module.Change{}, err
		}
	}
	c, err := args.Plan(ctx, h, w)
	if err != nil {
		return module.Change{}, err
	}
	c.Effects = append(made, c.Effects...)
	if late {
		c.Steps[0] = summed(c.Steps[0], source)
	}
	return c, nil
}

// fileAttributes are the attributes of a file, with mode: preserve resolved.
func (s *Spec) fileAttributes(source Source) attributes.Arguments {
	a := s.Arguments
	if a.Mode.Preserve() {
		a.Mode = module.OctalMode(source.Mode())
	}
	return a
}

// makeFolders returns the commands that make a folder and what is missing above it.
func (s *Spec) makeFolders(ctx context.Context, h remote.Reader, folder string) ([]string, []module.Effect, error) {
	a := s.folderAttributes()
	known, err := a.Lookup(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	made := a.New(folder, fs.ModeDir, h, known)
	return append([]string{module.Quote("mkdir", "-p", "--", folder)}, a.Create(made)...), []module.Effect{{Path: &made}}, nil
}

func (s *Spec) folderAttributes() attributes.Arguments {
	a := s.Arguments
	a.Mode = s.DirectoryMode
	return a
}

// isSame compares a file with its source: contents where both were read, else checksums.
func isSame(f remote.File, source Source, text []byte) (bool, error) {
	if f.Size != source.Size() {
		return false, nil
	}
	if f.Content != nil {
		return string(f.Content) == string(text), nil
	}
	if f.Checksum == "" {
		return f.Size == 0, nil
	}
	want, err := source.Checksum(f.HashedBy)
	return want == f.Checksum, err
}

// fetchForDiff reads a content that was compared by its checksum, once a difference is to be shown.
func fetchForDiff(ctx context.Context, h remote.Reader, f *remote.File, text []byte) error {
	if text == nil || !f.IsRegular() || f.Content != nil || f.Size > attributes.TextLimit {
		return nil
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: f.Path, Follow: true, Content: attributes.TextLimit})
	if err == nil {
		f.Content = files[0].Content
	}
	return err
}
