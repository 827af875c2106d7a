package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// packedAt is the time of every file in an archive: the same input must give the same bytes.
var packedAt = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// An entry is one member of an archive: a folder (its name ends in a slash), a link, a file on disk, or bytes.
type entry struct {
	name string
	mode int64
	uid  int // owner and group
	link string
	disk string
	data []byte
}

// writeTarGz packs entries, sorted by name, so that equal input gives an equal file.
func writeTarGz(file string, entries []entry) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// What is big in here is compressed already: jars.
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := writeTar(z, entries); err != nil {
		return err
	}
	return z.Close()
}

func writeTar(w io.Writer, entries []entry) error {
	t := tar.NewWriter(w)
	for _, e := range withFolders(entries) {
		if err := writeEntry(t, e); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeEntry(t *tar.Writer, e entry) error {
	h := &tar.Header{Name: e.name, Mode: e.mode, Uid: e.uid, Gid: e.uid, ModTime: packedAt, Format: tar.FormatGNU, Typeflag: tar.TypeReg}
	if e.uid == 0 {
		h.Uname, h.Gname = "root", "root"
	}
	var content io.Reader = strings.NewReader(string(e.data))
	h.Size = int64(len(e.data))
	switch {
	case strings.HasSuffix(e.name, "/"):
		h.Typeflag = tar.TypeDir
	case e.link != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
	case e.disk != "":
		f, err := os.Open(e.disk)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		h.Size, content = info.Size(), f
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

// withFolders sorts entries and adds the folders that they lie in.
func withFolders(entries []entry) []entry {
	seen := map[string]bool{"./": true, "/": true}
	for _, e := range entries {
		seen[e.name] = true
	}
	all := append([]entry(nil), entries...)
	for _, e := range entries {
		for dir := path.Dir(strings.TrimSuffix(e.name, "/")) + "/"; !seen[dir]; dir = path.Dir(strings.TrimSuffix(dir, "/")) + "/" {
			seen[dir] = true
			all = append(all, entry{name: dir, mode: 0o755})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}

// embedded are the files of an embedded folder, placed under a prefix. Those that end in .sh may be executed.
func embedded(folder, prefix string) ([]entry, error) {
	var entries []entry
	err := fs.WalkDir(sources, folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := sources.ReadFile(p)
		mode := int64(0o644)
		if strings.HasSuffix(p, ".sh") {
			mode = 0o755
		}
		entries = append(entries, entry{name: path.Join(prefix, strings.TrimPrefix(p, folder)), mode: mode, data: data})
		return err
	})
	return entries, err
}

// filesOf are the files of a folder on disk, placed under a prefix.
func filesOf(folder, prefix string) ([]entry, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, f := range list {
		entries = append(entries, entry{name: path.Join(prefix, f.Name()), mode: 0o644, disk: filepath.Join(folder, f.Name())})
	}
	return entries, nil
}
