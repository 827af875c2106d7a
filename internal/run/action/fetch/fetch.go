// Package fetch is the action fetch: a file of the host, brought to the controller.
package fetch

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Src              string `arg:"src,required" doc:"the file on the host"`
	Dest             string `arg:"dest,required" doc:"the folder on the controller: the file is kept there under HOST/PATH; with flat the file itself, or with a slash at its end its folder"`
	Flat             bool   `arg:"flat" doc:"keep the file at dest, without host and path"`
	FailOnMissing    bool   `arg:"fail_on_missing" doc:"fail where the file does not exist or cannot be read"`
	ValidateChecksum bool   `arg:"validate_checksum" doc:"compare the file with the host's checksum once it is here"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "fetch",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Copies a file from the host to the controller.",
			Examples: "- fetch:\n    src: /var/log/kafka/server.log\n    dest: logs/\n",
			Returns: []module.Return{
				{Name: "dest", Type: "str", Text: "where the file is now"},
				{Name: "file", Type: "str", Text: "where it is on the host"},
				{Name: "checksum, md5sum", Type: "str", Text: "SHA-1 and MD5 of the file"},
			},
		},
		New: func() module.Spec { return &Spec{FailOnMissing: true, ValidateChecksum: true} },
	}
}

// Act compares the two files and brings the host's where they differ.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	h, err := env.Reader(ctx)
	if err != nil {
		return action.Outcome{}, err
	}
	src, err := attributes.Path(ctx, h, "src", s.Src)
	if err != nil {
		return action.Outcome{}, err
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: src, Follow: true, Hash: "sha1"})
	if err != nil {
		return action.Outcome{}, err
	}
	f := files[0]
	if msg := unfit(f, h.User()); msg != "" {
		result := value.NewMap("file", src, "msg", msg)
		if s.FailOnMissing {
			return action.Outcome{}, &module.Failure{Msg: msg, Result: result}
		}
		result.Set("msg", msg+", ignored")
		return action.Outcome{Result: result}, nil
	}
	dest, err := s.destination(env, src)
	if err != nil {
		return action.Outcome{}, err
	}
	sum, err := localSums(dest)
	if err != nil {
		return action.Outcome{}, fmt.Errorf("dest: %w", err)
	}
	result := value.NewMap("file", src, "dest", dest, "checksum", f.Checksum)
	if sum.sha1 == f.Checksum {
		result.Set("md5sum", sum.md5)
		return action.Outcome{Result: result}, nil
	}
	result.Set("remote_checksum", f.Checksum)
	result.Set("remote_md5sum", nil)
	if env.Check {
		return action.Outcome{Changed: true, Result: result}, nil
	}
	if err := env.Changing(ctx); err != nil {
		return action.Outcome{}, err
	}
	got, err := bring(ctx, h, src, dest)
	if err != nil {
		return action.Outcome{}, fmt.Errorf("fetch %s to %s: %w", src, dest, err)
	}
	result.Set("checksum", got.sha1)
	result.Set("md5sum", got.md5)
	if s.ValidateChecksum && got.sha1 != f.Checksum {
		return action.Outcome{}, &module.Failure{Msg: "checksum mismatch: " + src + " changed while it was fetched", Result: result}
	}
	return action.Outcome{Changed: true, Result: result}, nil
}

// unfit tells why a file cannot be fetched; "" where it can.
func unfit(f remote.File, user string) string {
	switch {
	case !f.Exists:
		return "the remote file does not exist, not transferring"
	case f.IsDir():
		return "remote file is a directory, fetch cannot work on directories"
	case !f.IsRegular():
		return "the remote file is not a regular file, not transferring"
	case !f.Readable:
		return "the remote file may not be read by " + user + ", not transferring"
	}
	return ""
}

// destination is the path on the controller.
func (s *Spec) destination(env *action.Env, src string) (string, error) {
	dest := s.Dest
	if rest, ok := strings.CutPrefix(dest, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("dest: %w", err)
		}
		dest = filepath.Join(home, rest) + strings.Repeat("/", len(dest)-len(strings.TrimRight(dest, "/")))
	}
	if !filepath.IsAbs(dest) {
		dir, _, err := env.Scope.Var("playbook_dir")
		if err != nil {
			return "", err
		}
		base, _ := dir.(string)
		dest = base + "/" + dest
	}
	if !s.Flat {
		return filepath.Join(dest, env.Host, src), nil
	}
	if strings.HasSuffix(dest, "/") {
		return filepath.Join(dest, path.Base(src)), nil
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		return "", fmt.Errorf("dest: %s is a folder: put a slash at its end to fetch into it", dest)
	}
	return filepath.Clean(dest), nil
}

// sums are the checksums of one file; empty where there is none.
type sums struct{ sha1, md5 string }

func localSums(path string) (sums, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sums{}, nil
	}
	if err != nil {
		return sums{}, err
	}
	defer f.Close()
	return summed(io.Discard, f)
}

// summed copies and adds up.
func summed(w io.Writer, r io.Reader) (sums, error) {
	one, two := sha1.New(), md5.New()
	_, err := io.Copy(io.MultiWriter(w, one, two), r)
	return sums{hex.EncodeToString(one.Sum(nil)), hex.EncodeToString(two.Sum(nil))}, err
}

// bring writes the host's file beside its place and renames it.
func bring(ctx context.Context, h remote.Reader, src, dest string) (sums, error) {
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return sums{}, err
	}
	r, err := h.Open(ctx, src)
	if err != nil {
		return sums{}, err
	}
	defer r.Close()
	tmp, err := os.CreateTemp(filepath.Dir(dest), ".kops-fetch-*")
	if err != nil {
		return sums{}, err
	}
	defer func() {
		tmp.Close()
		os.Remove(tmp.Name()) // gone already where it was renamed
	}()
	got, err := summed(tmp, r)
	if err != nil {
		return sums{}, err
	}
	return got, errors.Join(tmp.Sync(), tmp.Close(), os.Rename(tmp.Name(), dest))
}
