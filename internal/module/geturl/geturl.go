// Package geturl is the module get_url: a file from a URL. With a checksum the controller
// fetches it once for all hosts and hands it over as Fetched; else the host fetches.
package geturl

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec are the module's arguments, and what the action of that name sets.
type Spec struct {
	URL           string        `arg:"url,required" doc:"http:// or https:// address"`
	Dest          string        `arg:"dest,required" doc:"where to; a folder: into it, under the URL's last name"`
	Checksum      string        `arg:"checksum" doc:"ALGORITHM:HEX, or ALGORITHM:URL of a file of checksums; with it the controller fetches, once"`
	Force         bool          `arg:"force" doc:"without a checksum: fetch again although dest is there"`
	Backup        bool          `arg:"backup" doc:"keep the old file beside the new one, with the time in its name"`
	Headers       *value.Map    `arg:"headers" doc:"more headers"`
	Username      string        `arg:"url_username,alias=username" doc:"for basic authentication"`
	Password      module.Secret `arg:"url_password,alias=password" doc:"for basic authentication"`
	ValidateCerts bool          `arg:"validate_certs" doc:"check the server's certificate"`
	Timeout       int           `arg:"timeout" doc:"seconds without an answer, where the host fetches"`
	Decompress    bool          `arg:"decompress,unsupported" doc:"the file is kept as the server has it"`
	TmpDest       string        `arg:"tmp_dest,unsupported" doc:"the temporary file stands beside dest, so that the rename is atomic"`
	UseProxy      bool          `arg:"use_proxy,unsupported" doc:"proxies come from the environment"`
	attributes.Arguments

	// Digest is the checksum as algorithm and hex, known before Plan; Fetch opens the verified
	// content on the controller. Both are set by the action.
	Digest struct{ Algorithm, Hex string }
	Fetch  func(ctx context.Context) (content io.ReadCloser, size int64, err error)
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "get_url", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Brings a file from a URL to the host.",
			Notes: []string{
				"With a checksum the controller downloads the file once, verifies it, keeps it and pushes it to each host: the hosts need no internet. A file that has the checksum already is not downloaded.",
				"Without one the host downloads with curl or wget, and only where dest is not there, or with force.",
			},
			Examples: "- get_url:\n    url: https://example.org/app-1.2.tar.gz\n    dest: /opt/app-1.2.tar.gz\n    checksum: sha256:https://example.org/sha256sums.txt",
			Returns: []module.Return{
				{Name: "dest, url", Type: "str", Text: "to where and from where"},
				{Name: "checksum_dest", Type: "str", Text: "the checksum of what is there"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "what the file is afterwards"},
			},
		},
		New: func() module.Spec { return &Spec{ValidateCerts: true, Timeout: 10} },
	}
}

// Validate implements module.Validator.
func (s *Spec) Validate() error {
	if !strings.HasPrefix(s.URL, "http://") && !strings.HasPrefix(s.URL, "https://") {
		return fmt.Errorf("url: %q is neither http:// nor https://", s.URL)
	}
	if s.Checksum != "" && !strings.Contains(s.Checksum, ":") {
		return fmt.Errorf("checksum: %q has no algorithm: write it as sha256:HEX", s.Checksum)
	}
	return nil
}

// Plan compares what is at dest with the checksum, where there is one.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	dest, err := attributes.Path(ctx, h, "dest", s.Dest)
	if err != nil {
		return module.Change{}, err
	}
	query := func(p string) remote.FileQuery {
		return remote.FileQuery{Path: p, Follow: true, Hash: s.Digest.Algorithm}
	}
	inside := path.Join(dest, s.basename())
	files, err := h.Files(ctx, query(dest), remote.FileQuery{Path: path.Dir(dest), Follow: true}, query(inside))
	if err != nil {
		return module.Change{}, err
	}
	old := files[0]
	switch {
	case old.IsDir():
		dest, old = inside, files[2]
	case strings.HasSuffix(s.Dest, "/"):
		return module.Change{}, fmt.Errorf("dest: the folder %s does not exist (%w)", dest, module.ErrDependsOnEarlier)
	case !files[1].IsDir():
		return module.Change{}, attributes.MissingParent("dest", dest)
	}
	if old.IsDir() {
		return module.Change{}, fmt.Errorf("dest: %s is a folder, and cannot be replaced by a file", dest)
	}
	result := value.NewMap("url", s.URL)
	if s.keeps(old) {
		if old.Checksum != "" {
			result.Set("checksum_dest", old.Checksum)
		}
		old.Path = dest
		return s.Keep(ctx, h, "dest", old, result)
	}
	return s.write(ctx, h, dest, old, result)
}

// keeps tells whether what is there is what is wanted.
func (s *Spec) keeps(old remote.File) bool {
	if !old.Exists {
		return false
	}
	if s.Digest.Hex != "" {
		return strings.EqualFold(old.Checksum, s.Digest.Hex)
	}
	return !s.Force
}

func (s *Spec) write(ctx context.Context, h remote.Reader, dest string, old remote.File, result *value.Map) (module.Change, error) {
	if s.Fetch == nil {
		return s.fetchOnHost(ctx, h, dest, old, result)
	}
	if s.Digest.Hex != "" {
		result.Set("checksum_dest", s.Digest.Hex)
	}
	w := attributes.Write{
		Key: "dest", Path: dest, Old: old, Backup: s.Backup, Result: result, Size: -1,
		Diffs: []module.Diff{{BeforeHeader: dest, AfterHeader: s.URL, Note: "the file is fetched from " + s.URL}},
		Open: func(ctx context.Context, _ remote.Reader) (io.ReadCloser, error) {
			content, _, err := s.Fetch(ctx)
			return content, err
		},
	}
	return s.Arguments.Plan(ctx, h, w)
}

// basename is the last name of the URL's path.
func (s *Spec) basename() string {
	u, _, _ := strings.Cut(s.URL, "?")
	u, _, _ = strings.Cut(u, "#")
	_, rest, _ := strings.Cut(u, "://")
	if base := path.Base(rest); strings.Contains(rest, "/") && base != "/" && base != "." {
		return base
	}
	return "index.html"
}
