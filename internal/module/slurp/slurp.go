// Package slurp is the module slurp: the content of a file of the host.
package slurp

import (
	"context"
	"encoding/base64"
	"fmt"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// limit is the size up to which a file is read into memory, in bytes.
const limit = 64 << 20

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "slurp",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Reads a file of the host.",
			Notes:    []string{"Files larger than 64 MB are refused: use fetch."},
			Examples: "- slurp:\n    src: /etc/machine-id\n  register: id\n- debug:\n    msg: \"{{ id.content | b64decode }}\"\n",
			Returns: []module.Return{
				{Name: "content", Type: "str", Text: "the content, in base64"},
				{Name: "encoding", Type: "str", Text: "base64"},
				{Name: "source", Type: "str", Text: "the path"},
			},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Spec is the module's arguments.
type Spec struct {
	Src string `arg:"src,required,alias=path" doc:"the file that is read"`
}

// Plan reads the file. There is never anything to do.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	p, err := attributes.Path(ctx, h, "src", s.Src)
	if err != nil {
		return module.Change{}, err
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: p, Follow: true, Content: limit})
	if err != nil {
		return module.Change{}, err
	}
	switch f := files[0]; {
	case !f.Exists:
		return module.Change{}, fmt.Errorf("src: file not found: %s (%w)", p, module.ErrDependsOnEarlier)
	case f.IsDir():
		return module.Change{}, fmt.Errorf("src: source is a directory and must be a file: %s", p)
	case !f.IsRegular():
		return module.Change{}, fmt.Errorf("src: %s is not a regular file", p)
	case !f.Readable:
		return module.Change{}, fmt.Errorf("src: file is not readable: %s", p)
	case f.Size > limit:
		return module.Change{}, fmt.Errorf("src: %s has %d bytes, more than the 64 MB that fit in a result: use fetch", p, f.Size)
	}
	return module.Change{Result: value.NewMap("content", base64.StdEncoding.EncodeToString(files[0].Content), "encoding", "base64", "source", p)}, nil
}
