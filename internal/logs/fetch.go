package logs

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// A Fetched is a file that has come.
type Fetched struct {
	Source *Source
	Path   string // on this machine
	Size   int64  // compressed
	missed error  // of the files that were rotated away
}

// FetchOptions say how logs are fetched.
type FetchOptions struct {
	Dir   string              // DIR/HOST/FILE.gz
	Forks int                 // sources that are read at the same time
	Mask  func(string) string // hides secrets; nil where there are none
	Say   func(host, text string)
	Done  func(Fetched) // called for each file that has come, one at a time
}

// Fetch writes what is wanted of each source to a file, compressed on the host. A file that is there already is replaced once
// the new one is complete.
func Fetch(ctx context.Context, sources []*Source, q Query, opts FetchOptions) []Failure {
	var mu sync.Mutex
	var failed []Failure
	var all sync.WaitGroup
	slots := make(chan struct{}, max(opts.Forks, 1))
	for _, s := range sources {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			got, err := fetch(ctx, s, q, opts)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				opts.Done(got)
				err = got.missed
			}
			if err != nil {
				if ctx.Err() == nil {
					opts.Say(s.Host, err.Error())
				}
				failed = append(failed, Failure{s, err})
			}
		})
	}
	all.Wait()
	return failed
}

func fetch(ctx context.Context, s *Source, q Query, opts FetchOptions) (got Fetched, err error) {
	got = Fetched{Source: s, Path: filepath.Join(opts.Dir, folder(s.Host), path.Base(s.Path)+".gz")}
	host, err := s.Connect(ctx)
	if err != nil {
		return got, err
	}
	stream, err := host.Stream(ctx, "fetch "+s.Path, q.script(s.Path, "", true))
	if err != nil {
		return got, err
	}
	defer stream.Close()
	r := &forgiving{Reader: stream, missed: &got.missed}
	if err := os.MkdirAll(filepath.Dir(got.Path), 0o700); err != nil {
		return got, err
	}
	f, err := os.CreateTemp(filepath.Dir(got.Path), ".kops-*")
	if err != nil {
		return got, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name()) // err matters more
		}
	}()
	if opts.Mask == nil {
		_, err = io.Copy(f, r)
	} else {
		err = masked(f, r, opts.Mask)
	}
	if err != nil {
		return got, tidied(err)
	}
	if got.Size, err = f.Seek(0, io.SeekEnd); err != nil {
		return got, err
	}
	if err = f.Close(); err != nil {
		return got, err
	}
	return got, os.Rename(f.Name(), got.Path)
}

// A forgiving reader ends well where a rotated file is missed, and keeps that.
type forgiving struct {
	io.Reader
	missed *error
}

// Read implements io.Reader.
func (f *forgiving) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if isIncomplete(err) {
		*f.missed, err = tidied(err), io.EOF
	}
	return n, err
}

// folder is the name of a host as that of a folder.
func folder(host string) string {
	name := strings.ReplaceAll(host, string(filepath.Separator), "_")
	if strings.Trim(name, ".") == "" {
		name = "_" + name
	}
	return name
}

// masked copies what is compressed, without the secrets in its lines.
func masked(to io.Writer, from io.Reader, mask func(string) string) error {
	plain, err := gzip.NewReader(from)
	if err != nil {
		return fmt.Errorf("what came is not compressed: %w", err)
	}
	packed := gzip.NewWriter(to)
	lines := bufio.NewReaderSize(plain, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if _, failed := io.WriteString(packed, mask(line)); failed != nil {
			return failed
		}
		if err == io.EOF {
			return packed.Close()
		}
		if err != nil {
			return err
		}
	}
}
