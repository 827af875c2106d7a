package state

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const body = "the artifact\n"

func sumOf(text string) string {
	s := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(s[:])
}

// server counts requests and answers by the path's handler.
func server(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &n
}

// cache returns a cache that does not really sleep, and what it slept.
func cache(t *testing.T) (*Artifacts, *[]time.Duration) {
	a := NewArtifacts(t.TempDir())
	var slept []time.Duration
	a.sleep = func(ctx context.Context, d time.Duration) error {
		slept = append(slept, d)
		return ctx.Err()
	}
	return a, &slept
}

func files(t *testing.T, a *Artifacts) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(a.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestFetchOnce(t *testing.T) {
	s, n := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	a, _ := cache(t)
	req := Request{URL: s.URL + "/x.tgz", Checksum: strings.ToUpper(sumOf(body)), ValidateCerts: true}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			path, err := a.Fetch(t.Context(), req)
			if got, readErr := os.ReadFile(path); err != nil || readErr != nil || string(got) != body {
				t.Errorf("%s %q %v %v", path, got, err, readErr)
			}
		})
	}
	wg.Wait()
	other := NewArtifacts(filepath.Dir(a.dir)) // another process
	if _, err := other.Fetch(t.Context(), req); err != nil {
		t.Error(err)
	}
	if n.Load() != 1 {
		t.Errorf("%d requests", n.Load())
	}
	if got := files(t, a); got != strings.TrimPrefix(sumOf(body), "sha256:") {
		t.Errorf("the cache has %s", got)
	}
}

func TestOtherProcess(t *testing.T) {
	s, n := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	a, _ := cache(t)
	req := Request{URL: s.URL, Checksum: sumOf(body)}
	path := filepath.Join(a.dir, "sha256", strings.TrimPrefix(req.Checksum, "sha256:"))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := NewArtifacts(filepath.Dir(a.dir)).lock(t.Context(), path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	a.sleep = func(context.Context, time.Duration) error { // what holds the lock downloads and ends
		waited = true
		if err := os.WriteFile(path, []byte(body), 0o400); err != nil {
			return err
		}
		unlock()
		return nil
	}
	if _, err := a.Fetch(t.Context(), req); err != nil || !waited || n.Load() != 0 {
		t.Errorf("waited %v, %d requests, %v", waited, n.Load(), err)
	}
}

func TestVerification(t *testing.T) {
	s, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	long := sha512.Sum512([]byte(body))
	tests := []struct{ name, checksum, err string }{
		{"mismatch", sumOf("other"), "expected " + sumOf("other") + ", got " + sumOf(body)},
		{"sha512", "sha512:" + hex.EncodeToString(long[:]), ""},
		{"no algorithm", strings.TrimPrefix(sumOf(body), "sha256:"), "has no algorithm: write it as sha256:HEX"},
		{"unknown algorithm", "crc32:00", `"crc32" is not a checksum algorithm`},
		{"too short", "sha256:ab", "64 hexadecimal digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := cache(t)
			_, err := a.Fetch(t.Context(), Request{URL: s.URL, Checksum: tt.checksum})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v", err)
			}
			if left := files(t, a); tt.err != "" && left != "" {
				t.Errorf("%s was left", left)
			}
		})
	}
}

func TestDamagedFile(t *testing.T) {
	s, n := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	a, _ := cache(t)
	req := Request{URL: s.URL, Checksum: sumOf(body)}
	path, err := a.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("damaged"), 0o600)); err != nil {
		t.Fatal(err)
	}
	next := NewArtifacts(filepath.Dir(a.dir))
	if path, err = next.Fetch(t.Context(), req); err != nil || n.Load() != 2 {
		t.Fatalf("%d requests, %v", n.Load(), err)
	}
	if got, _ := os.ReadFile(path); string(got) != body {
		t.Errorf("%q", got)
	}
}

func TestRetries(t *testing.T) {
	tests := []struct {
		name     string
		answers  []int // status after status; the last repeats
		after    string
		requests int64
		slept    string
		err      string
	}{
		{name: "comes back", answers: []int{503, 500, 200}, requests: 3, slept: "[1s 2s]"},
		{name: "as the server asks", answers: []int{429, 200}, after: "7", requests: 2, slept: "[7s]"},
		{name: "not forever", answers: []int{429, 200}, after: "86400", requests: 2, slept: "[1m0s]"},
		{name: "stays away", answers: []int{502}, requests: 3, slept: "[1s 2s]", err: "502 Bad Gateway"},
		{name: "is not there", answers: []int{404}, requests: 1, slept: "[]", err: "404 Not Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := 0
			s, n := server(t, func(w http.ResponseWriter, _ *http.Request) {
				status := tt.answers[min(i, len(tt.answers)-1)]
				i++
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			})
			a, slept := cache(t)
			_, err := a.Fetch(t.Context(), Request{URL: s.URL, Checksum: sumOf(body)})
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v", err)
			}
			if n.Load() != tt.requests || fmt.Sprint(*slept) != tt.slept {
				t.Errorf("%d requests, slept %v", n.Load(), *slept)
			}
		})
	}
}

func TestBrokenOff(t *testing.T) {
	first := true
	s, n := server(t, func(w http.ResponseWriter, _ *http.Request) {
		if first {
			first = false
			w.Header().Set("Content-Length", "100")
		}
		fmt.Fprint(w, body)
	})
	a, _ := cache(t)
	if _, err := a.Fetch(t.Context(), Request{URL: s.URL, Checksum: sumOf(body)}); err != nil || n.Load() != 2 {
		t.Errorf("%d requests, %v", n.Load(), err)
	}
}

func TestText(t *testing.T) {
	s, n := server(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprint(w, user, ":", password, " ", r.Header.Get("X-Token"))
	})
	a, _ := cache(t)
	req := Request{URL: s.URL, Username: "ann", Password: "secret", Header: map[string]string{"X-Token": "t"}}
	for range 2 {
		if got, err := a.Text(t.Context(), req); err != nil || string(got) != "ann:secret t" {
			t.Errorf("%q %v", got, err)
		}
	}
	if n.Load() != 1 {
		t.Errorf("%d requests", n.Load())
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	defer s.Close()
	s.Config.ErrorLog = nil
	a, slept := cache(t)
	req := Request{URL: s.URL, Checksum: sumOf(body), ValidateCerts: true}
	if _, err := a.Fetch(t.Context(), req); err == nil || !strings.Contains(err.Error(), "validate_certs: false") || len(*slept) != 0 {
		t.Errorf("error %v, slept %v", err, *slept)
	}
	req.ValidateCerts = false
	if _, err := a.Fetch(t.Context(), req); err != nil {
		t.Error(err)
	}
}

func TestPasswordStaysHidden(t *testing.T) {
	s, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })
	a, _ := cache(t)
	_, err := a.Fetch(t.Context(), Request{URL: strings.Replace(s.URL, "://", "://ann:secret@", 1), Checksum: sumOf(body)})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "403") {
		t.Errorf("error %v", err)
	}
}
