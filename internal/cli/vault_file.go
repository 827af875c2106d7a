package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kops/internal/diag"
	"kops/internal/secret"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// standard is how standard input and output are named.
const standard = "-"

// A vaultFile is a file that a vault command works on.
type vaultFile struct {
	name   string // as given
	path   string // where it is, links followed; "-" is standard output
	data   []byte
	mode   fs.FileMode
	owner  *syscall.Stat_t // nil for a file that is new
	opened secret.Opened
}

// encrypted tells whether the file is a vault text. One that was pasted may be indented.
func (f *vaultFile) encrypted() bool {
	return secret.IsEncrypted(bytes.TrimLeft(f.data, " \t\r\n"))
}

// mustBeEncrypted explains what to do with a file that is no vault text.
func (f *vaultFile) mustBeEncrypted() error {
	switch {
	case f.encrypted():
		return nil
	case bytes.Contains(f.data, []byte(secret.Header)):
		return errors.New("it is not encrypted as a whole, but holds !vault values: kops vault encrypt-string makes those")
	}
	return errors.New("it is not encrypted: it does not begin with " + secret.Header)
}

// read reads the files and checks each. The error names all that are wrong.
func (o *vaultOptions) read(names []string, check func(*vaultFile) error) ([]*vaultFile, error) {
	var files []*vaultFile
	var list diag.List
	for _, name := range names {
		f, err := o.readOne(name)
		if err == nil {
			if wrong := check(f); wrong != nil {
				err = diag.Errorf(value.Position{File: name}, "%w", wrong)
			}
		}
		if err != nil {
			list.Add(err)
			continue
		}
		files = append(files, f)
	}
	return files, list.Err()
}

func (o *vaultOptions) readOne(name string) (*vaultFile, error) {
	f := &vaultFile{name: name, path: standard, mode: 0o600}
	var err error
	if name == standard {
		if o.session.streams.InIsTerminal {
			fmt.Fprintln(o.session.streams.Err, "kops: reading from the terminal; end with Ctrl-D")
		}
		f.data, err = io.ReadAll(o.session.streams.In)
		return f, err
	}
	if f.data, err = os.ReadFile(name); err != nil {
		return nil, yamlpos.ReadError(name, err)
	}
	if f.path, err = filepath.EvalSymlinks(name); err != nil {
		return nil, err
	}
	return f, f.stat()
}

// stat notes the mode and owner that the file keeps.
func (f *vaultFile) stat() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	f.mode = info.Mode()
	f.owner, _ = info.Sys().(*syscall.Stat_t)
	return nil
}

// write makes the new content of all files, then writes each where it belongs.
func (o *vaultOptions) write(files []*vaultFile, done string, content func(*vaultFile) ([]byte, error)) error {
	for _, f := range files {
		data, err := content(f)
		if err != nil {
			return diag.Errorf(value.Position{File: f.name}, "%w", err)
		}
		f.data = data
	}
	for _, f := range files {
		to, err := o.destination(f)
		if err != nil {
			return err
		}
		if to.path == standard {
			if _, err := o.session.streams.Out.Write(to.data); err != nil {
				return err
			}
			continue
		}
		if err := to.replace(); err != nil {
			return fmt.Errorf("write %s: %w", to.path, err)
		}
		o.note("kops: %s %s", done, to.path)
	}
	return nil
}

// destination is the file itself, or where --output says, then readable by its owner alone.
func (o *vaultOptions) destination(f *vaultFile) (*vaultFile, error) {
	if o.output == "" || o.output == standard {
		if o.output == standard {
			f.path = standard
		}
		return f, nil
	}
	to := &vaultFile{name: o.output, path: o.output, data: f.data, mode: 0o600}
	real, err := filepath.EvalSymlinks(o.output)
	if errors.Is(err, fs.ErrNotExist) {
		return to, nil
	}
	if err != nil {
		return nil, err
	}
	to.path = real
	if err := to.stat(); err != nil {
		return nil, err
	}
	if to.mode.IsRegular() {
		to.mode = 0o600
	}
	return to, nil
}

// replace writes the file atomically: a reader sees the old content or the new.
func (f *vaultFile) replace() (err error) {
	if !f.mode.IsRegular() {
		return errors.New("it is not a regular file: use --output")
	}
	dir := filepath.Dir(f.path)
	temp, err := os.CreateTemp(dir, ".kops-vault-*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(f.data); err != nil {
		return err
	}
	if f.owner != nil && (int(f.owner.Uid) != os.Geteuid() || int(f.owner.Gid) != os.Getegid()) {
		if err = temp.Chown(int(f.owner.Uid), int(f.owner.Gid)); err != nil {
			return err
		}
	}
	if err = temp.Chmod(f.mode.Perm()); err != nil {
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = temp.Close(); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), f.path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
