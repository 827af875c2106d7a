package state

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// attempts is how often a download is tried.
const attempts = 3

// Limits of a download. The whole takes as long as it takes, but silence ends it.
const (
	connectLimit = 30 * time.Second
	answerLimit  = 60 * time.Second
	silenceLimit = 60 * time.Second
	textLimit    = 60 * time.Second
	longestWait  = 60 * time.Second // that a server's Retry-After may ask for
)

// download brings a file into the cache: beside its place first, then verified, then renamed.
func (a *Artifacts) download(ctx context.Context, req Request, want digest, path string) error {
	var err error
	for try := range attempts {
		var again *retryError
		if err = a.downloadOnce(ctx, req, want, path); !errors.As(err, &again) || try == attempts-1 {
			break
		}
		if err := a.sleep(ctx, again.pause(try)); err != nil {
			return err
		}
	}
	return err
}

func (a *Artifacts) downloadOnce(ctx context.Context, req Request, want digest, path string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := req.silence()
	timer := time.AfterFunc(silence, func() { cancel(fmt.Errorf("the server sent nothing for %s", silence)) })
	defer timer.Stop()
	body, err := a.get(ctx, req)
	if err != nil {
		return err
	}
	defer body.Close()
	tmp, err := os.CreateTemp(filepath.Dir(path), ".download-*")
	if err != nil {
		return fmt.Errorf("fetch %s: %w", req.place(), err)
	}
	defer func() {
		tmp.Close()
		os.Remove(tmp.Name()) // gone already where it was renamed
	}()
	h, err := newHash(want.algorithm)
	if err != nil {
		return err
	}
	watched := &watchedReader{Reader: body, timer: timer, silence: silence}
	if _, err := io.Copy(tmp, io.TeeReader(watched, h)); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return readError(req, watched, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.hex {
		return &MismatchError{URL: req.place(), Want: want.String(), Got: want.algorithm + ":" + got}
	}
	if err := errors.Join(tmp.Sync(), tmp.Chmod(0o400), tmp.Close(), os.Rename(tmp.Name(), path)); err != nil {
		return fmt.Errorf("keep %s: %w", req.place(), err)
	}
	return syncDir(filepath.Dir(path))
}

// readError tells a connection that broke, which is worth another try, from a full disk.
func readError(req Request, w *watchedReader, err error) error {
	err = fmt.Errorf("fetch %s: %w", req.place(), err)
	if w.failed {
		return &retryError{err: err}
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// text fetches a document, with the same patience.
func (a *Artifacts) text(ctx context.Context, req Request) ([]byte, error) {
	for try := 0; ; try++ {
		text, err := a.textOnce(ctx, req)
		var again *retryError
		if !errors.As(err, &again) || try == attempts-1 {
			return text, err
		}
		if err := a.sleep(ctx, again.pause(try)); err != nil {
			return nil, err
		}
	}
}

func (a *Artifacts) textOnce(ctx context.Context, req Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, textLimit)
	defer cancel()
	body, err := a.get(ctx, req)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxText+1))
	switch {
	case err != nil:
		return nil, &retryError{err: fmt.Errorf("fetch %s: %w", req.place(), err)}
	case len(text) > maxText:
		return nil, fmt.Errorf("fetch %s: it is larger than %d MB, so it is no document of checksums", req.place(), maxText>>20)
	}
	return text, nil
}

// get sends the request and returns the body of an answer that is good.
func (a *Artifacts) get(ctx context.Context, req Request) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, req.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", req.place(), err)
	}
	r.Header.Set("User-Agent", "kops")
	for k, v := range req.Header {
		r.Header.Set(k, v)
	}
	if req.Username != "" {
		r.SetBasicAuth(req.Username, req.Password)
	}
	answer, err := a.client(req.ValidateCerts).Do(r)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, connectError(req, err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	answer.Body.Close()
	err = fmt.Errorf("fetch %s: the server answered %s", req.place(), answer.Status)
	if answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests {
		return nil, &retryError{err: err, after: retryAfter(answer.Header.Get("Retry-After"))}
	}
	return nil, err
}

// connectError says why there was no answer. A certificate does not get better by waiting.
func connectError(req Request, err error) error {
	var op interface{ Unwrap() error }
	if errors.As(err, &op) { // url.Error repeats the URL, with what is secret in it
		err = op.Unwrap()
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return fmt.Errorf("fetch %s: %w; validate_certs: false would accept it", req.place(), err)
	}
	wrapped := fmt.Errorf("fetch %s: %w", req.place(), err)
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound || errors.Is(err, context.Canceled) {
		return wrapped
	}
	return &retryError{err: wrapped}
}

// client returns the client that checks certificates, or the one that does not. Proxies
// come from the environment.
func (a *Artifacts) client(validate bool) *http.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.clients[validate]; ok {
		return c
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectLimit}).DialContext,
		TLSHandshakeTimeout:   connectLimit,
		ResponseHeaderTimeout: answerLimit,
		IdleConnTimeout:       answerLimit,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // the bytes are what the checksum is of
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: !validate},
	}
	c := &http.Client{Transport: t}
	a.clients[validate] = c
	return c
}

// A retryError may be gone a moment later.
type retryError struct {
	err   error
	after time.Duration // as the server asks; 0 where it does not
}

// Error is the error's own text.
func (e *retryError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *retryError) Unwrap() error { return e.err }

// pause is how long to wait after the given attempt, counted from 0.
func (e *retryError) pause(try int) time.Duration {
	if e.after > 0 {
		return min(e.after, longestWait)
	}
	return time.Second << try
}

// retryAfter reads the header: seconds or a date.
func retryAfter(header string) time.Duration {
	if n, err := strconv.Atoi(header); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// A watchedReader starts its timer anew whenever something was read.
type watchedReader struct {
	io.Reader
	timer   *time.Timer
	silence time.Duration
	failed  bool // reading, not writing, ended the copy
}

// Read reads and starts the time anew.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.timer.Reset(w.silence)
	w.failed = err != nil && err != io.EOF
	return n, err
}
