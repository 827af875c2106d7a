package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// writeImage writes a one-layer image as `docker save` does, under its names.
func writeImage(file string, refs []string, config v1.Config, entries []entry) error {
	var layerTar bytes.Buffer
	if err := writeTar(&layerTar, entries); err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layerTar.Bytes())), nil
	})
	if err != nil {
		return err
	}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Created:      v1.Time{Time: packedAt},
		Config:       config,
	})
	if err != nil {
		return err
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return err
	}
	named := map[name.Tag]v1.Image{}
	for _, ref := range refs {
		tag, err := name.NewTag(ref)
		if err != nil {
			return err
		}
		named[tag] = image
	}
	return tarball.MultiWriteToFile(file, named)
}

// tree is all that lies below some paths of a folder, owned by root.
func tree(root string, paths ...string) ([]entry, error) {
	var entries []entry
	for _, p := range paths {
		err := filepath.WalkDir(filepath.Join(root, p), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(root, file)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			e := entry{name: rel, mode: int64(info.Mode().Perm()), disk: file}
			if d.Type() == fs.ModeSymlink {
				e.disk = ""
				if e.link, err = os.Readlink(file); err != nil {
					return err
				}
			}
			entries = append(entries, e)
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return entries, nil
}

// sharedLibraries are the loader and the libraries that a dynamically linked program needs, out of an unpacked root.
func sharedLibraries(root, program string) ([]entry, error) {
	loader, needed, err := elfNeeds(program)
	if err != nil || loader == "" {
		return nil, err
	}
	libs := map[string]bool{}
	for len(needed) > 0 {
		lib := needed[0]
		needed = needed[1:]
		if libs[lib] {
			continue
		}
		libs[lib] = true
		found, err := findLibrary(root, lib)
		if err != nil {
			return nil, err
		}
		_, more, err := elfNeeds(found)
		if err != nil {
			return nil, err
		}
		needed = append(needed, more...)
	}
	libs[filepath.Base(loader)] = true
	var entries []entry
	for lib := range libs {
		found, err := findLibrary(root, lib)
		if err != nil {
			return nil, err
		}
		place := "lib/" + lib
		if lib == filepath.Base(loader) {
			place = strings.TrimPrefix(loader, "/")
		}
		entries = append(entries, entry{name: place, mode: 0o755, disk: found})
	}
	return entries, nil
}

// elfNeeds reads a program's loader (empty: it is static) and the libraries that it names.
func elfNeeds(file string) (loader string, libraries []string, err error) {
	f, err := elf.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			data, err := io.ReadAll(p.Open())
			if err != nil {
				return "", nil, err
			}
			loader = strings.TrimRight(string(data), "\x00")
		}
	}
	libraries, err = f.ImportedLibraries()
	return loader, libraries, err
}

// findLibrary is a library's real file in an unpacked root.
func findLibrary(root, lib string) (string, error) {
	for _, pattern := range []string{"lib/*/" + lib, "usr/lib/*/" + lib, "lib/" + lib, "usr/lib/" + lib} {
		if found, err := filepath.Glob(filepath.Join(root, pattern)); err == nil && len(found) > 0 {
			return filepath.EvalSymlinks(found[0])
		}
	}
	return "", errors.New("no package that was unpacked has " + lib)
}
