package unarchive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// An Archive is an archive on the controller.
type Archive interface {
	Size() int64
	Open() (io.ReadCloser, error)
}

// A Listing is what is in an archive. Whoever unpacks the same archive on many hosts lists
// it once, with List.
type Listing struct {
	Format  Format
	Members []Member // nil where kops cannot read the compression itself (xz)
}

// A Member is a file, folder or link of an archive.
type Member struct {
	Name    string      // without "./" and slashes at the ends
	Type    fs.FileMode // fs.ModeDir, fs.ModeSymlink, 0 …
	Mode    fs.FileMode // 0o7777
	Size    int64       // -1 where the archive does not tell: a hard link
	Link    string
	ModTime time.Time
	SHA256  string // in zip archives, whose times are too coarse to be compared
}

// A Format is how an archive is packed.
type Format string

// The formats.
const (
	Tar     Format = "tar"
	TarGzip Format = "tar.gz"
	TarBzip Format = "tar.bz2"
	TarXz   Format = "tar.xz"
	TarZstd Format = "tar.zst"
	Zip     Format = "zip"
)

// tarFlags tell tar what it reads from a pipe.
var tarFlags = map[Format]string{TarGzip: "--gzip", TarBzip: "--bzip2", TarXz: "--xz", TarZstd: "--zstd"}

// handlers are the names that Ansible gives in its result.
var handlers = map[Format]string{Tar: "TarArchive", TarGzip: "TgzArchive", TarBzip: "TarBzipArchive", TarXz: "TarXzArchive", TarZstd: "TarZstdArchive", Zip: "ZipArchive"}

// detect tells the format by an archive's first bytes.
func detect(head []byte) (Format, error) {
	for magic, f := range map[string]Format{"\x1f\x8b": TarGzip, "BZh": TarBzip, "\xfd7zXZ\x00": TarXz, "\x28\xb5\x2f\xfd": TarZstd, "PK\x03\x04": Zip} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return f, nil
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return Tar, nil
	}
	if len(head) == 0 {
		return "", errors.New("the file is 0 bytes")
	}
	return "", errors.New("it is no archive that kops knows: tar (plain, gzip, bzip2, xz, zstd) or zip")
}

// List reads what is in an archive.
func List(a Archive) (*Listing, error) {
	f, err := a.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	head, _ := r.Peek(512) // a shorter file is judged by what there is
	format, err := detect(head)
	if err != nil {
		return nil, err
	}
	l := &Listing{Format: format}
	switch format {
	case Zip:
		l.Members, err = listZip(f, a.Size())
	case TarXz:
	default:
		l.Members, err = listTar(r, format)
	}
	if err != nil {
		return nil, fmt.Errorf("the archive is damaged: %w", err)
	}
	return l, nil
}

func listTar(r io.Reader, format Format) ([]Member, error) {
	switch format {
	case TarGzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = z
	case TarBzip:
		r = bzip2.NewReader(r)
	case TarZstd:
		z, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	}
	members := []Member{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return members, nil
		}
		if err != nil {
			return nil, err
		}
		m := Member{Name: h.Name, Mode: fs.FileMode(h.Mode & 0o7777), Size: h.Size, Link: h.Linkname, ModTime: h.ModTime}
		switch h.Typeflag {
		case tar.TypeReg:
			m.Link = ""
		case tar.TypeDir:
			m.Type = fs.ModeDir
		case tar.TypeSymlink:
			m.Type = fs.ModeSymlink
		case tar.TypeLink:
			m.Link, m.Size = "", -1
		case tar.TypeXGlobalHeader:
			continue
		default:
			m.Type = fs.ModeIrregular
		}
		if members, err = add(members, m); err != nil {
			return nil, err
		}
	}
}

// listZip reads a zip archive, which needs random access: one that is no file is read into memory.
func listZip(f io.Reader, size int64) ([]Member, error) {
	at, ok := f.(io.ReaderAt)
	if !ok {
		all, err := io.ReadAll(f)
		if err != nil {
			return nil, err
		}
		at = bytes.NewReader(all)
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, err
	}
	members := []Member{}
	for _, file := range z.File {
		m := Member{Name: file.Name, Type: file.Mode().Type(), Mode: file.Mode().Perm(), Size: int64(file.UncompressedSize64), ModTime: file.Modified}
		if m.Type == 0 {
			if m.SHA256, err = digest(file); err != nil {
				return nil, err
			}
		}
		if members, err = add(members, m); err != nil {
			return nil, err
		}
	}
	return members, nil
}

func digest(file *zip.File) (string, error) {
	r, err := file.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// add appends a member under its clean name. One that leaves the folder is refused.
func add(members []Member, m Member) ([]Member, error) {
	for part := range strings.SplitSeq(m.Name, "/") {
		if part == ".." {
			return nil, fmt.Errorf("its member %q leaves the folder that it is unpacked in", m.Name)
		}
	}
	m.Name = strings.TrimPrefix(path.Clean("/"+m.Name), "/")
	if m.Name == "" {
		return members, nil
	}
	return append(members, m), nil
}
