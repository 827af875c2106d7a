package posix

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"kops/internal/remote"
)

// Bounds of what goes to the host in one archive: it needs that much room twice for a moment, and
// the names stand in a script.
const (
	fewFiles    = 3 // fewer are written one by one
	archiveFile = 16 << 20
	archiveSize = 64 << 20
	namesSize   = 512 << 10 // an argument list has a limit
)

// exitNoTar is the exit status of a script that finds no tar.
const exitNoTar = 96

// errNoTar says that the host has no tar.
var errNoTar = errors.New("no tar")

// WriteFiles writes many files. What one archive can carry goes as one stream into a folder
// beside the files, and is put in place when all has come: one by one each file would cost a
// round trip and a dozen programs.
func (h *Host) WriteFiles(ctx context.Context, files []remote.NewFile) error {
	for len(files) > 0 {
		n := archiveLength(files)
		err := errNoTar
		if n >= fewFiles && !h.noTar.Load() {
			err = h.writeArchive(ctx, files[:n])
			h.noTar.Store(err == errNoTar)
		}
		if err == errNoTar {
			n = max(n, 1)
			err = h.writeEach(ctx, files[:n])
		}
		if err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// archiveLength is how many files from the first on go into one archive; 0 where the first
// does not.
func archiveLength(files []remote.NewFile) int {
	var size, names int64
	for i, f := range files {
		size += f.Size
		names += int64(len(f.Path) + len(tempName()) + 8)
		plain := f.Backup == "" && f.Validate == "" && !f.InPlace && f.ModTime.IsZero()
		if !plain || f.Size < 0 || f.Size > archiveFile || size > archiveSize || names > namesSize {
			return i
		}
	}
	return len(files)
}

func (h *Host) writeEach(ctx context.Context, files []remote.NewFile) error {
	for _, f := range files {
		content, err := f.Open()
		if err != nil {
			return err
		}
		err = h.WriteFile(ctx, f.Path, content, f.WriteOptions)
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// An archive is many files on their way.
type archive struct {
	files   []remote.NewFile
	folders []string                    // in order
	within  map[string][]remote.NewFile // by folder
	temp    string                      // name of the folder beside the files
}

func newArchive(files []remote.NewFile) (*archive, error) {
	a := &archive{files: files, within: map[string][]remote.NewFile{}, temp: tempName()}
	for _, f := range files {
		if !path.IsAbs(f.Path) || strings.ContainsRune(f.Path, 0) {
			return nil, fmt.Errorf("%q is not an absolute path", f.Path)
		}
		dir := path.Dir(f.Path)
		if a.within[dir] == nil {
			a.folders = append(a.folders, dir)
		}
		a.within[dir] = append(a.within[dir], f)
	}
	return a, nil
}

func (a *archive) what() string {
	return fmt.Sprintf("write %s and %d more files", a.files[0].Path, len(a.files)-1)
}

func (h *Host) writeArchive(ctx context.Context, files []remote.NewFile) error {
	a, err := newArchive(files)
	if err != nil {
		return err
	}
	code, said, err := h.send(ctx, a.what(), a.receive(), a.write)
	switch {
	case err != nil:
		h.remove(a.remove())
		return fmt.Errorf("%s: %w", a.what(), err)
	case code == exitNoTar:
		return errNoTar
	case code != 0:
		return &remote.ScriptError{What: a.what(), Result: remote.Result{ExitCode: code, Stderr: firstLines(said, 3)}}
	}
	res, err := h.run(ctx, call{what: a.what(), script: a.commit(), limit: h.hosts.limits.Change})
	if err != nil {
		h.remove(a.remove())
		return err
	}
	if res.ExitCode != 0 {
		res.Stderr = firstLines(res.Stderr, 3)
		return &remote.ScriptError{What: a.what(), Result: res}
	}
	return nil
}

// firstLines are what counts of a program that says the same of each file.
func firstLines(text []byte, n int) []byte {
	lines := strings.SplitAfterN(string(text), "\n", n+1)
	return []byte(strings.Join(lines[:min(n, len(lines))], ""))
}

// write writes the files as tar unpacks them in the root folder. The last entry is empty: it
// tells that all has come.
func (a *archive) write(w io.Writer) error {
	buffer := bufio.NewWriterSize(w, chunk)
	out := tar.NewWriter(buffer)
	for _, f := range a.files {
		if err := a.add(out, f); err != nil {
			return err
		}
	}
	if err := out.WriteHeader(a.entry(a.last(), 0)); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return buffer.Flush()
}

func (a *archive) add(out *tar.Writer, f remote.NewFile) error {
	content, err := f.Open()
	if err != nil {
		return &contentError{err}
	}
	defer content.Close()
	if err := out.WriteHeader(a.entry(a.beside(f), f.Size)); err != nil {
		return err
	}
	n, err := io.Copy(out, reading{content})
	if err == nil && n != f.Size || errors.Is(err, tar.ErrWriteTooLong) {
		err = &contentError{fmt.Errorf("%s: %d bytes were announced, and there are others", f.Path, f.Size)}
	}
	return err
}

func (a *archive) entry(name string, size int64) *tar.Header {
	return &tar.Header{Format: tar.FormatGNU, Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Size: size, Mode: 0o600}
}

// beside is where a file is unpacked.
func (a *archive) beside(f remote.NewFile) string {
	return path.Join(path.Dir(f.Path), a.temp, path.Base(f.Path))
}

// last is the path of the empty file at the end.
func (a *archive) last() string { return path.Join(a.folders[0], a.temp, a.temp) }

// temps are the folders beside the files.
func (a *archive) temps() string {
	var paths []string
	for _, dir := range a.folders {
		paths = append(paths, path.Join(dir, a.temp))
	}
	return QuoteAll(paths)
}

func (a *archive) remove() string { return "rm -rf -- " + a.temps() + "\n" }

func (a *archive) trap() string {
	return "trap " + Quote(strings.TrimSpace(a.remove())) + " EXIT\ntrap 'exit 1' HUP INT TERM PIPE\n"
}

// receive unpacks the archive beside the files. Its answer cannot be given where the connection
// is gone, and then all is removed.
func (a *archive) receive() string {
	var b strings.Builder
	fmt.Fprintf(&b, "command -v tar >/dev/null || exit %d\n", exitNoTar)
	b.WriteString("for d in " + QuoteAll(a.folders) + "; do t=$d/" + a.temp + "\n" + sweep + "done\n")
	b.WriteString(a.trap())
	b.WriteString("mkdir -m 700 -- " + a.temps() + " || exit 1\n")
	b.WriteString("tar -xmo -C / -f - || exit 1\n")
	b.WriteString("[ -e " + Quote(a.last()) + " ] || { echo 'the archive came incomplete' >&2; exit 1; }\n")
	b.WriteString("rm -f -- " + Quote(a.last()) + "\nprintf done || exit 1\ntrap - EXIT\nexit 0\n")
	return b.String()
}
