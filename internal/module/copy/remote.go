package copy

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
)

// A hostFile is a source that is on the host itself.
type hostFile struct {
	file remote.File
}

func (f hostFile) Size() int64       { return f.file.Size }
func (f hostFile) Mode() fs.FileMode { return f.file.Mode }

// Open gives what was read when the file was looked at; open on the host gives all.
func (f hostFile) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(f.file.Content))), nil
}

// Checksum knows SHA-1, by which the host compares its own files.
func (f hostFile) Checksum(algorithm string) (string, error) {
	switch {
	case algorithm != "sha1":
		return "", fmt.Errorf("%s of %s was not asked for", algorithm, f.file.Path)
	case f.file.Checksum == "":
		return content(f.file.Content).Checksum(algorithm)
	}
	return f.file.Checksum, nil
}

// opener opens the source when it is to be written.
func opener(s Source) attributes.Opener {
	return func(ctx context.Context, h remote.Reader) (io.ReadCloser, error) {
		if f, ok := s.(hostFile); ok {
			return h.Open(ctx, f.file.Path)
		}
		return s.Open()
	}
}

// planRemote copies a file of the host's own.
func (s *Spec) planRemote(ctx context.Context, h remote.Reader, dest string) (module.Change, error) {
	src, err := attributes.Path(ctx, h, "src", s.Src)
	if err != nil {
		return module.Change{}, err
	}
	look := remote.FileQuery{Path: src, Follow: true, Hash: "sha1", Content: attributes.TextLimit}
	files, err := h.Files(ctx, append([]remote.FileQuery{look}, destQueries(dest, path.Base(src), look)...)...)
	if err != nil {
		return module.Change{}, err
	}
	switch f := files[0]; {
	case !f.Exists:
		return module.Change{}, fmt.Errorf("src: Source %s not found on the host (%w)", src, module.ErrDependsOnEarlier)
	case f.IsDir():
		return module.Change{}, fmt.Errorf("src: %s is a folder: with remote_src copy takes single files; use command: cp -a", src)
	case !f.IsRegular():
		return module.Change{}, fmt.Errorf("src: %s is not a regular file", src)
	case !f.Readable:
		return module.Change{}, fmt.Errorf("src: Source %s not readable by %s", src, h.User())
	}
	source := hostFile{files[0]}
	if err := s.verify(source); err != nil {
		return module.Change{}, err
	}
	t, err := s.choose(dest, files[1:])
	if err != nil {
		return module.Change{}, err
	}
	return s.planFile(ctx, h, t, source)
}
