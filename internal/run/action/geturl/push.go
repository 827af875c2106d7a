package geturl

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/module/geturl"
	"kops/internal/remote"
	"kops/internal/value"
)

// push puts the file on the host. It asks the cache for it only once it is to be written.
type push struct {
	*geturl.Spec
	want  checksum
	fetch func(ctx context.Context) (path string, err error)
}

// Plan compares the host's file with the checksum, which needs no download.
func (p *push) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	dest, err := attributes.Path(ctx, h, "dest", p.Dest)
	if err != nil {
		return module.Change{}, err
	}
	inside := path.Join(dest, nameOf(p.URL))
	files, err := h.Files(ctx,
		remote.FileQuery{Path: dest, Follow: true, Hash: p.want.algorithm},
		remote.FileQuery{Path: inside, Follow: true, Hash: p.want.algorithm},
		remote.FileQuery{Path: path.Dir(dest), Follow: true, Partial: true})
	if err != nil {
		return module.Change{}, err
	}
	f := files[0]
	switch {
	case f.IsDir():
		f = files[1]
		f.Path = inside
	case strings.HasSuffix(p.Dest, "/"):
		return module.Change{}, fmt.Errorf("dest: the folder %s does not exist: create it before, with file: path=%s state=directory (%w)", dest, dest, module.ErrDependsOnEarlier)
	case !files[2].IsDir():
		return module.Change{}, attributes.MissingParent("dest", dest)
	default:
		f.Path = dest
	}
	if f.IsDir() {
		return module.Change{}, fmt.Errorf("dest: %s is a folder, and cannot be replaced by a file", f.Path)
	}
	return p.decide(ctx, h, f)
}

func (p *push) decide(ctx context.Context, h remote.Reader, f remote.File) (module.Change, error) {
	result := value.NewMap("url", redacted(p.URL), "checksum", p.want.String(), "msg", "file already exists")
	if f.IsRegular() && f.Checksum == p.want.hex {
		return p.Keep(ctx, h, "dest", f, result)
	}
	result.Set("msg", "OK")
	before := "absent\n"
	if f.Exists {
		before = "another content\n"
	}
	return p.Arguments.Plan(ctx, h, attributes.Write{
		Key: "dest", Path: f.Path, Old: f, Open: p.open, Size: -1, Digest: p.want.hex, Backup: p.Backup, Result: result,
		Diffs: []module.Diff{{BeforeHeader: f.Path, AfterHeader: f.Path, Before: before, After: p.want.String() + "\n"}},
	})
}

// open gives the artifact, downloading it where no host has needed it before.
func (p *push) open(ctx context.Context, _ remote.Reader) (io.ReadCloser, error) {
	path, err := p.fetch(ctx)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}
