package copy

import (
	"context"
	"fmt"
	"io"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
)

// write plans the files that differ. Contents are fetched for their differences now that it is
// known which they are.
func (p *treePlan) write(ctx context.Context) error {
	if err := p.fetch(ctx); err != nil {
		return err
	}
	for _, d := range p.differ {
		text, err := readSmall(d.Source, textInTree)
		if err != nil {
			return err
		}
		a := p.fileAttributes(d.Source)
		w := attributes.Write{Key: "dest", Path: d.old.Path, Old: d.old, Open: opener(d.Source), Size: d.Source.Size(), Content: text,
			Diffs:  []module.Diff{attributes.TextDiff(d.old.Path, d.old.Content, d.old.Size, text, d.Source.Size())},
			Backup: p.Backup, Validate: p.Validation, Unlink: d.old.IsLink(), Quiet: true}
		c, err := a.Plan(ctx, p.h, w)
		if err != nil {
			return err
		}
		p.change.Diffs = append(p.change.Diffs, c.Diffs...)
		p.change.Effects = append(p.change.Effects, c.Effects...)
		if p.Backup || p.Validation != "" || w.Unlink || p.Follow || p.UnsafeWrites {
			p.writes = append(p.writes, c.Steps...)
			continue
		}
		p.files = append(p.files, newFile(a, d, *c.Effects[0].Path))
	}
	return nil
}

// newFile is a file that goes with others. after is what it will be.
func newFile(a attributes.Arguments, d differing, after remote.File) remote.NewFile {
	opts := a.WriteOptions(after)
	if d.old.Exists { // what is not asked for stays
		opts.Mode, opts.Owner, opts.Group = &after.Mode, after.Owner, after.Group
	}
	opts.Size = d.Source.Size()
	return remote.NewFile{Path: d.old.Path, Open: func() (io.ReadCloser, error) { return d.Source.Open() }, WriteOptions: opts}
}

// fetch reads the small files that differ, for people to see how.
func (p *treePlan) fetch(ctx context.Context) error {
	var queries []remote.FileQuery
	var of []int
	for i, d := range p.differ {
		if d.old.IsRegular() && d.old.Size <= textInTree && d.Source.Size() <= textInTree {
			queries = append(queries, remote.FileQuery{Path: d.old.Path, Follow: p.Follow, Content: textInTree})
			of = append(of, i)
		}
	}
	files, err := lookAt(ctx, p.h, queries)
	if err != nil {
		return err
	}
	for i, f := range files {
		p.differ[of[i]].old.Content = f.Content
	}
	return nil
}

// lookAt asks for many files, in as few round trips as there are batches.
func lookAt(ctx context.Context, h remote.Reader, queries []remote.FileQuery) ([]remote.File, error) {
	var files []remote.File
	for start := 0; start < len(queries); start += treeBatch {
		batch, err := h.Files(ctx, queries[start:min(start+treeBatch, len(queries))]...)
		if err != nil {
			return nil, err
		}
		files = append(files, batch...)
	}
	return files, nil
}

// all is the step that writes most files.
func (p *treePlan) all() []module.Step {
	if len(p.files) == 0 {
		return nil
	}
	summary := fmt.Sprintf("write %d files in %s", len(p.files), p.root)
	if len(p.files) == 1 {
		summary = "write " + p.files[0].Path
	}
	return []module.Step{{Summary: summary, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return module.Outcome{Changed: true}, h.WriteFiles(ctx, p.files)
	}}}
}
