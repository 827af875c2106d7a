package attributes

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// TextLimit is the size up to which contents are shown as differences, in bytes.
const TextLimit = 1 << 20

// An Opener gives the content that is to be written, when it is to be written.
type Opener func(ctx context.Context, h remote.Reader) (io.ReadCloser, error)

// A Write is a new content for a file.
type Write struct {
	Key     string      // of the path in the result: "path" or "dest"
	Path    string      // where to
	Old     remote.File // what is there, links followed
	Open    Opener
	Size    int64
	Content []byte // of what Open gives, where it is known and small: for later tasks of a check run
	Digest  string // its checksum in hex, where that is known and the content is not
	Diffs   []module.Diff
	Backup  bool
	// BackupKey is the key of the result for where the old file is kept; "backup_file" if empty.
	BackupKey string
	// Validate is a command with %s for the temporary file.
	Validate string
	// Unlink says that the path is a link, which is to be replaced itself.
	Unlink bool
	// Before are commands to be run first: folders that must be made.
	Before []string
	// Quiet leaves the file out of the result: one of many.
	Quiet  bool
	Result *value.Map // what the module adds to the result
}

// Plan returns the change that writes the file with the owner, group and mode asked for.
func (a Arguments) Plan(ctx context.Context, h remote.Reader, w Write) (module.Change, error) {
	known, err := a.Lookup(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	after := a.New(w.Path, 0, h, known)
	if w.Old.Exists && !w.Unlink {
		after = a.Apply(w.Old, known)
		after.Path = w.Path
	}
	after.Size, after.Content, after.Checksum = w.Size, w.Content, w.Digest
	c := module.Change{
		Predict: module.Changes,
		Diffs:   w.Diffs,
		Effects: []module.Effect{{Path: &after, Unlink: w.Unlink}},
		Result:  Facts(value.NewMap(w.Key, w.Path), after).Merge(w.Result),
	}
	if w.Old.Exists && !w.Unlink {
		old := w.Old
		old.Path = w.Path
		c.Diffs = append(c.Diffs, Diff(old, after)...)
	}
	opts := a.WriteOptions(after)
	opts.Size, opts.Validate = w.Size, w.Validate
	c.Steps = []module.Step{{Summary: "write " + w.Path, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return w.do(ctx, h, opts)
	}}}
	return c, nil
}

func (w Write) do(ctx context.Context, h remote.Host, opts remote.WriteOptions) (module.Outcome, error) {
	commands := w.Before
	backup := ""
	if w.Backup && w.Old.Exists {
		backup = BackupName(w.Path)
		opts.Backup = backup
		if w.Unlink {
			opts.Backup = ""
			commands = append(commands, module.Quote("cp", "-p", "--", w.Path, backup))
		}
	}
	if len(commands) > 0 {
		if _, err := h.Script(ctx, strings.Join(commands, " &&\n")+"\n"); err != nil {
			return module.Outcome{}, fmt.Errorf("prepare %s: %w", w.Path, err)
		}
	}
	if err := w.write(ctx, h, opts); err != nil {
		return module.Outcome{}, err
	}
	if w.Quiet {
		return module.Outcome{Changed: true}, nil
	}
	out, err := Outcome(ctx, h, w.Key, w.Path)
	if backup != "" && err == nil {
		out.Result.Set(cmp.Or(w.BackupKey, "backup_file"), backup)
	}
	return out, err
}

func (w Write) write(ctx context.Context, h remote.Host, opts remote.WriteOptions) error {
	content, err := w.Open(ctx, h)
	if err != nil {
		return err
	}
	defer content.Close()
	if !w.Unlink {
		return h.WriteFile(ctx, w.Path, content, opts)
	}
	beside := path.Join(path.Dir(w.Path), ".kops-"+path.Base(w.Path)+"~")
	if err := h.WriteFile(ctx, beside, content, opts); err != nil {
		return err
	}
	if _, err := h.Script(ctx, module.Quote("mv", "-fT", "--", beside, w.Path)+" || { "+module.Quote("rm", "-f", "--", beside)+"; false; }\n"); err != nil {
		return fmt.Errorf("replace the link %s: %w", w.Path, err)
	}
	return nil
}

// Keep returns the change that sets owner, group and mode of a file whose content is as it
// should be.
func (a Arguments) Keep(ctx context.Context, h remote.Reader, key string, f remote.File, result *value.Map) (module.Change, error) {
	c := module.Change{Result: Facts(value.NewMap(key, f.Path), f).Merge(result)}
	if !a.Differ(f) {
		return c, nil
	}
	known, err := a.Lookup(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	after := a.Apply(f, known)
	c.Predict = module.Changes
	c.Diffs = Diff(f, after)
	c.Effects = []module.Effect{{Path: &after, Kept: true}}
	c.Result = Facts(value.NewMap(key, f.Path), after).Merge(result)
	c.Steps = []module.Step{Step("set owner, group and mode of "+f.Path, key, f.Path, Commands(f, after))}
	return c, nil
}

// BackupName returns the name under which Ansible keeps an old file: path, process, time.
func BackupName(p string) string {
	return fmt.Sprintf("%s.%d.%s~", p, os.Getpid(), time.Now().Format("2006-01-02@15:04:05"))
}

// TextDiff tells how two contents differ: the texts themselves, or a note where they are
// binary or larger than TextLimit. A content that is nil and not empty is not known.
func TextDiff(path string, before []byte, beforeSize int64, after []byte, afterSize int64) module.Diff {
	d := module.Diff{BeforeHeader: path, AfterHeader: path}
	switch {
	case beforeSize > TextLimit || afterSize > TextLimit:
		d.Note = "larger than 1 MB"
	case int64(len(before)) != beforeSize || int64(len(after)) != afterSize:
		d.Note = "content differs"
	case !isText(before) || !isText(after):
		d.Note = "binary file"
	default:
		d.Before, d.After = string(before), string(after)
	}
	return d
}

func isText(b []byte) bool { return bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) }

// Bytes returns an Opener for a content in memory.
func Bytes(b []byte) Opener {
	return func(context.Context, remote.Reader) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}
}

// ValidateCommand finds a validate argument without its %s.
func ValidateCommand(command string) error {
	if command != "" && !strings.Contains(command, "%s") {
		return fmt.Errorf("validate: must contain %%s, which stands for the temporary file: %s", command)
	}
	return nil
}
