// Package geturl is the module get_url: a file from a URL. The action of that name lets the
// controller download what has a checksum, and hands it over by Fetch; else the host downloads.
package geturl

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "get_url",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Downloads a file.",
			Notes: []string{
				"With a checksum the controller downloads once for all hosts, verifies and pushes: the hosts need no internet, and a file that has the checksum costs no download.",
				"Without one the host downloads for itself, by curl, or by wget where no credentials, headers or certificates are needed.",
				"Without force and checksum, a file that exists is left as it is: the server is not asked.",
				"The download goes to a temporary file beside dest, which is verified and then renamed.",
			},
			Examples: "- get_url:\n    url: https://example.org/exporter.tar.gz\n    dest: /opt/exporter.tar.gz\n    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
			Returns: []module.Return{
				{Name: "dest, url", Type: "str", Text: "to where and from where"},
				{Name: "status_code", Type: "int", Text: "of the server's answer"},
				{Name: "checksum_dest, checksum_src", Type: "str", Text: "SHA-1 of the file before and of what was downloaded"},
				{Name: "backup_file", Type: "str", Text: "where the old file is kept, with backup"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "what the file is afterwards"},
			},
		},
		New: func() module.Spec {
			return &Spec{Timeout: 10, ValidateCerts: true, UseProxy: true, Agent: "ansible-httpget", Decompress: true}
		},
	}
}

// Spec is the module's arguments.
type Spec struct {
	URL           string        `arg:"url,required" doc:"http, https or ftp address of the file"`
	Dest          string        `arg:"dest,required" doc:"where to; an existing folder gets the file under the name that it has in the URL"`
	Checksum      string        `arg:"checksum" doc:"algorithm:digest that the file must have, or algorithm:URL of a file of checksums; sha256, sha512, sha1 or md5"`
	Force         bool          `arg:"force,alias=thirsty" doc:"download even if the file exists, and replace it if it differs"`
	Backup        bool          `arg:"backup" doc:"keep the old file beside the new one, with the time in its name"`
	Headers       *value.Map    `arg:"headers" doc:"more headers of the request"`
	Timeout       int           `arg:"timeout" doc:"seconds after which a connection that does not come about, or brings nothing, is given up"`
	Username      string        `arg:"url_username,alias=username" doc:"for basic authentication"`
	Password      module.Secret `arg:"url_password,alias=password" doc:"for basic authentication"`
	ForceBasic    bool          `arg:"force_basic_auth" doc:"send the credentials at once; kops always does"`
	ValidateCerts bool          `arg:"validate_certs" doc:"check the server's certificate"`
	ClientCert    string        `arg:"client_cert" doc:"certificate file on the host"`
	ClientKey     string        `arg:"client_key" doc:"key file on the host, where client_cert does not hold it"`
	UseProxy      bool          `arg:"use_proxy" doc:"use the proxy that the host's environment names"`
	Agent         string        `arg:"http_agent" doc:"the User-Agent header"`
	Decompress    bool          `arg:"decompress" doc:"undo the compression of the transfer; kops never asks for one"`
	TmpDest       string        `arg:"tmp_dest,unsupported" doc:"the temporary file is beside dest, so that it can replace it atomically"`
	UseGSSAPI     bool          `arg:"use_gssapi,unsupported" doc:"kops has basic authentication only"`
	UseNetrc      bool          `arg:"use_netrc,unsupported" doc:"give url_username and url_password"`
	Ciphers       []string      `arg:"ciphers,unsupported" doc:"the host's curl decides"`
	Unredirected  []string      `arg:"unredirected_headers,unsupported" doc:"curl sends headers along on redirects: use url_username for credentials"`
	attributes.Arguments

	// Digest is what the checksum comes to, where the action has looked it up. Fetch opens the
	// verified content on the controller, when it is to be written; size is -1 where it is not known.
	Digest struct{ Algorithm, Hex string }
	Fetch  func(ctx context.Context) (content io.ReadCloser, size int64, err error)
}

// digests are the algorithms with the number of their hex digits.
var digests = map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}

var hexDigest = regexp.MustCompile(`^[0-9a-f]+$`)

// Validate finds a URL or a checksum that cannot be right.
func (s *Spec) Validate() error {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("url: %q is not the address of a file", s.URL)
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ftp":
		return fmt.Errorf("url: %q has a scheme other than http, https and ftp", u.Redacted())
	case s.Mode.Preserve():
		return fmt.Errorf("mode: preserve has no meaning here: a download has no mode")
	case s.ForceBasic && s.Username == "":
		return fmt.Errorf("force_basic_auth: needs url_username too")
	}
	_, digest, err := s.digest()
	if isURL(digest) {
		return nil
	}
	return err
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// digest splits the checksum; both are "" without one. The address of a file of checksums
// comes with an error, which says that only the action can look into it.
func (s *Spec) digest() (algorithm, digest string, err error) {
	if s.Digest.Hex != "" {
		return s.Digest.Algorithm, strings.ToLower(s.Digest.Hex), nil
	}
	if s.Checksum == "" {
		return "", "", nil
	}
	algorithm, digest, ok := strings.Cut(s.Checksum, ":")
	digest = strings.TrimSpace(digest)
	if isURL(digest) {
		return algorithm, digest, fmt.Errorf("checksum: the address of a file of checksums is resolved on the controller, not on the host: give the digest itself")
	}
	digest = strings.ToLower(digest)
	switch {
	case !ok:
		return "", "", fmt.Errorf("checksum: The checksum parameter has to be in format <algorithm>:<checksum>")
	case digests[algorithm] == 0:
		return "", "", fmt.Errorf("checksum: %q is not an algorithm that kops knows: sha256, sha512, sha1, md5", algorithm)
	case len(digest) != digests[algorithm] || !hexDigest.MatchString(digest):
		return "", "", fmt.Errorf("checksum: The checksum format is invalid: %s has %d hex digits", algorithm, digests[algorithm])
	}
	return algorithm, digest, nil
}

// Plan looks at dest. Whether the server has something else, only a download can tell.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	dest, err := attributes.Path(ctx, h, "dest", s.Dest)
	if err != nil {
		return module.Change{}, err
	}
	algorithm, digest, err := s.digest()
	if err != nil {
		return module.Change{}, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return module.Change{}, fmt.Errorf("url: %w", err)
	}
	inside := path.Join(dest, path.Base(path.Clean("/"+u.Path)))
	files, err := h.Files(ctx, remote.FileQuery{Path: dest, Follow: true, Hash: algorithm},
		remote.FileQuery{Path: path.Dir(dest), Follow: true, Partial: true}, remote.FileQuery{Path: inside, Follow: true, Hash: algorithm})
	if err != nil {
		return module.Change{}, err
	}
	old := files[0]
	switch {
	case old.IsDir() && inside == dest:
		return module.Change{}, fmt.Errorf("dest: %s is a folder, and the URL names no file: give the path of a file", dest)
	case old.IsDir():
		old = files[2]
	case strings.HasSuffix(s.Dest, "/"):
		return module.Change{}, fmt.Errorf("dest: the folder %s does not exist: create it before (%w)", dest, module.ErrDependsOnEarlier)
	case !files[1].Exists:
		return module.Change{}, attributes.MissingParent("dest", dest)
	}
	if old.Exists && !old.IsRegular() {
		return module.Change{}, fmt.Errorf("dest: %s is not a regular file", old.Path)
	}
	result := value.NewMap("url", u.Redacted())
	if old.Exists && (digest == "" && !s.Force || digest != "" && old.Checksum == digest) {
		result.Set("msg", "file already exists")
		return s.Keep(ctx, h, "dest", old, result)
	}
	if s.Fetch != nil {
		return s.push(ctx, h, old, result)
	}
	return s.download(ctx, h, old, digest, result)
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return attributes.Touches(s.Dest) }

// push is the change that writes what the controller downloads, once that is needed.
func (s *Spec) push(ctx context.Context, h remote.Reader, old remote.File, result *value.Map) (module.Change, error) {
	result.Set("msg", "OK")
	return s.Arguments.Plan(ctx, h, attributes.Write{
		Key: "dest", Path: old.Path, Old: old, Backup: s.Backup, Result: result, Size: -1,
		Diffs: []module.Diff{{BeforeHeader: old.Path, AfterHeader: old.Path, Note: "downloaded from " + result.String("url")}},
		Open: func(ctx context.Context, _ remote.Reader) (io.ReadCloser, error) {
			content, _, err := s.Fetch(ctx)
			return content, err
		},
	})
}

// download is the change that fetches the file. With force it is not known beforehand
// whether that changes anything.
func (s *Spec) download(ctx context.Context, h remote.Reader, old remote.File, digest string, result *value.Map) (module.Change, error) {
	known, err := s.Lookup(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	after := s.New(old.Path, 0, h, known)
	predict := module.Changes
	if old.Exists {
		after = s.Apply(old, known)
		if s.Checksum == "" {
			predict = module.Unknown
		}
	}
	after.Size, after.Checksum, after.Content = -1, digest, nil
	c := module.Change{
		Predict: predict,
		Diffs:   []module.Diff{{BeforeHeader: old.Path, AfterHeader: old.Path, Note: "downloaded from " + result.String("url")}},
		Effects: []module.Effect{{Path: &after}},
		Result:  attributes.Facts(value.NewMap("dest", old.Path), after).Merge(result),
	}
	f := fetch{Spec: s, old: old, after: after}
	c.Steps = []module.Step{{Summary: "download " + result.String("url"), Do: f.do}}
	return c, nil
}
