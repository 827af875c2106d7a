// Package lineinfile is the module lineinfile: one line of a text file.
package lineinfile

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// limit is the size up to which a file is edited, in bytes.
const limit = 32 << 20

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "lineinfile",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Sees to it that a line is in a text file, or is not.",
			Notes:    []string{"Regular expressions are Python's. Files larger than 32 MB are refused."},
			Examples: "- lineinfile:\n    path: /etc/default/kafka\n    regexp: '^JMX_PORT='\n    line: JMX_PORT=9999\n    create: true\n",
			Returns: []module.Return{
				{Name: "msg", Type: "str", Text: "line added, line replaced, or how many lines were removed"},
				{Name: "found", Type: "int", Text: "how many lines were removed, with state: absent"},
				{Name: "backup", Type: "str", Text: "where the old file is kept, with backup"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", Encoding: "utf-8"} },
	}
}

// Spec is the module's arguments.
type Spec struct {
	Path         string  `arg:"path,required,alias=dest|destfile|name" doc:"the file"`
	State        string  `arg:"state,choices=absent|present" doc:"whether the line is to be there"`
	Regexp       *string `arg:"regexp,alias=regex,exclusive=search" doc:"expression that finds the line to replace (the last that matches), or the lines to remove"`
	SearchString *string `arg:"search_string,exclusive=search" doc:"text that finds the line to replace, or the lines to remove"`
	Line         *string `arg:"line,alias=value" doc:"the line; with backrefs it may hold \\1 and the like"`
	Encoding     string  `arg:"encoding,choices=utf-8|utf8|UTF-8" doc:"of the file: kops edits UTF-8, and leaves other bytes as they are"`
	InsertAfter  string  `arg:"insertafter,exclusive=insert" doc:"expression for the line after which a new line goes; BOF or EOF"`
	InsertBefore string  `arg:"insertbefore,exclusive=insert" doc:"expression for the line before which a new line goes; BOF"`
	Backrefs     bool    `arg:"backrefs" doc:"put the groups of regexp into line; without a match the file stays as it is"`
	Create       bool    `arg:"create" doc:"make the file, and folders above it, where it is missing"`
	Backup       bool    `arg:"backup" doc:"keep the old file beside the new one, with the time in its name"`
	FirstMatch   bool    `arg:"firstmatch" doc:"take the first line that matches, not the last"`
	Validation   string  `arg:"validate" doc:"a command with %s for the new file's temporary path; it must succeed before the file is replaced"`
	attributes.Arguments
}

// Validate finds arguments that do not go together, and expressions that do not compile.
func (s *Spec) Validate() error {
	switch {
	case s.State == "absent" && s.Regexp == nil && s.SearchString == nil && s.Line == nil:
		return fmt.Errorf("one of line, search_string, or regexp is required with state=absent")
	case s.State == "present" && s.Line == nil:
		return fmt.Errorf("line: is required with state=present")
	case s.Backrefs && s.Regexp == nil && s.State == "present":
		return fmt.Errorf("regexp: is required with backrefs=true")
	case s.Mode.Preserve():
		return fmt.Errorf("mode: preserve has no meaning here: leave mode out to keep that of the file")
	}
	if _, err := s.editor(); err != nil {
		return err
	}
	return attributes.ValidateCommand(s.Validation)
}

// Plan reads the file and edits it in memory.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	p, err := attributes.Path(ctx, h, "path", s.Path)
	if err != nil {
		return module.Change{}, err
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: p, Follow: true, Content: limit})
	if err != nil {
		return module.Change{}, err
	}
	old := files[0]
	switch {
	case old.IsDir():
		return module.Change{}, fmt.Errorf("path: Path %s is a directory", p)
	case !old.Exists && s.State == "absent":
		return module.Change{Result: value.NewMap("msg", "file not present", "found", int64(0))}, nil
	case !old.Exists && !s.Create:
		return module.Change{}, fmt.Errorf("path: Destination %s does not exist ! create: true makes it (%w)", p, module.ErrDependsOnEarlier)
	case old.Exists && !old.IsRegular():
		return module.Change{}, fmt.Errorf("path: %s is not a regular file", p)
	case old.Size > limit:
		return module.Change{}, fmt.Errorf("path: %s has %d bytes, more than the 32 MB that kops edits", p, old.Size)
	case old.Exists && !old.Readable:
		return module.Change{}, fmt.Errorf("path: %s cannot be read by %s", p, h.User())
	}
	return s.change(ctx, h, old)
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return attributes.Touches(s.Path) }

func (s *Spec) change(ctx context.Context, h remote.Reader, old remote.File) (module.Change, error) {
	e, err := s.editor()
	if err != nil {
		return module.Change{}, err
	}
	lines := slices.Collect(strings.Lines(string(old.Content)))
	result := value.NewMap("msg", "", "backup", "")
	if s.State == "absent" {
		found := 0
		if lines, found, err = e.remove(lines); found > 0 {
			result.Set("msg", fmt.Sprintf("%d line(s) removed", found))
		}
		result.Set("found", int64(found))
	} else {
		var msg string
		lines, msg, err = e.present(lines)
		result.Set("msg", msg)
	}
	if err != nil {
		return module.Change{}, err
	}
	text := []byte(strings.Join(lines, ""))
	if old.Exists && string(text) == string(old.Content) {
		return s.Keep(ctx, h, "path", old, result)
	}
	if !old.Exists && len(lines) == 0 {
		return module.Change{Result: result}, nil
	}
	w := attributes.Write{Key: "path", Path: old.Path, Old: old, Open: attributes.Bytes(text), Size: int64(len(text)), Content: text,
		Diffs:  []module.Diff{attributes.TextDiff(old.Path, old.Content, old.Size, text, int64(len(text)))},
		Backup: s.Backup, BackupKey: "backup", Validate: s.Validation, Result: result}
	if !old.Exists {
		w.Before = []string{module.Quote("mkdir", "-p", "--", path.Dir(old.Path))}
	}
	return s.Arguments.Plan(ctx, h, w)
}
