package waitfor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/dlclark/regexp2"

	"kops/internal/remote"
)

// maxSearch is how much of a file is searched, in bytes.
const maxSearch = 64 << 20

// A look is what one look found.
type look struct {
	met   bool
	why   string // why not
	match *regexp2.Match
}

func (s *Spec) look(ctx context.Context, h remote.Reader) (look, error) {
	switch {
	case s.Path != "":
		return s.lookAtPath(ctx, h)
	case s.State == "drained":
		return s.lookAtConnections(ctx, h)
	}
	return s.lookAtPort(ctx, h)
}

func (s *Spec) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

func (s *Spec) lookAtPath(ctx context.Context, h remote.Reader) (look, error) {
	q := remote.FileQuery{Path: s.Path, Follow: true}
	if s.regex != nil {
		q.Content = 1 << 20
	}
	files, err := h.Files(ctx, q)
	if err != nil {
		return look{}, fmt.Errorf("look at %s: %w", s.Path, err)
	}
	f := files[0]
	switch {
	case s.State == "absent":
		return look{met: !f.Exists, why: "it is there"}, nil
	case !f.Exists:
		return look{why: "it is not there"}, nil
	case s.regex == nil:
		return look{met: true}, nil
	case f.IsRegular() && f.Content == nil:
		if f.Content, err = readAll(ctx, h, s.Path); err != nil {
			return look{why: err.Error()}, nil
		}
	}
	return s.search(f.Content)
}

func readAll(ctx context.Context, h remote.Reader, path string) ([]byte, error) {
	r, err := h.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxSearch))
}

func (s *Spec) search(data []byte) (look, error) {
	match, err := s.regex.FindStringMatch(string(data))
	if err != nil {
		return look{}, fmt.Errorf("search_regex: %w", err)
	}
	return look{met: match != nil, match: match, why: "nothing there matches"}, nil
}

// lookAtPort tries one connection. That the connection to the host itself is gone is an
// error; all else says that the port is closed.
func (s *Spec) lookAtPort(ctx context.Context, h remote.Reader) (look, error) {
	limit, cancel := context.WithTimeout(ctx, time.Duration(s.ConnectTimeout)*time.Second)
	defer cancel()
	open := s.State == "started" || s.State == "present"
	conn, err := h.Dial(limit, "tcp", s.address())
	var lost *remote.ConnectError
	switch {
	case ctx.Err() != nil:
		return look{}, context.Cause(ctx)
	case errors.As(err, &lost):
		return look{}, err
	case err != nil:
		return look{met: !open, why: err.Error()}, nil
	}
	defer conn.Close()
	switch {
	case !open:
		return look{why: "it takes connections"}, nil
	case s.regex == nil:
		return look{met: true}, nil
	}
	return s.listen(limit, conn)
}

// listen reads until the text matches, the other side ends or the time is over.
func (s *Spec) listen(ctx context.Context, conn net.Conn) (look, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var data []byte
	buf := make([]byte, 4096)
	for len(data) < maxSearch {
		n, err := conn.Read(buf)
		data = append(data, buf[:n]...)
		if l, serr := s.search(data); serr != nil || l.met || err != nil {
			return l, serr
		}
	}
	return look{why: "nothing there matches"}, nil
}
