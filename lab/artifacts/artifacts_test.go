package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// testStore is an empty store with one artifact, whose makings are counted.
func testStore(t *testing.T) (s store, all []artifact, made *int) {
	t.Helper()
	s = store{root: t.TempDir()}
	if err := os.MkdirAll(s.files(), 0o755); err != nil {
		t.Fatal(err)
	}
	made = new(int)
	return s, []artifact{{
		name: "tool 1.0", dir: "tool/1.0", recipe: "a",
		make: func(_ context.Context, w workplace) error {
			*made++
			file := filepath.Join(w.out, "tool.tgz")
			return errors.Join(writeTarGz(file, []entry{{name: "tool/bin/run.sh", mode: 0o755, data: []byte("#!/bin/sh\n")}}), writeReleaseSums(file))
		},
	}}, made
}

func TestBuildMakesWhatIsNotThere(t *testing.T) {
	s, all, made := testStore(t)
	file := filepath.Join(s.files(), "tool/1.0/tool.tgz")
	for _, c := range []struct {
		name    string
		prepare func()
		made    int
	}{
		{"nothing is there", func() {}, 1},
		{"all is there", func() {}, 1},
		{"a file is damaged", func() { os.WriteFile(file, []byte("x"), 0o644) }, 2},
		{"a file is gone", func() { os.Remove(file) }, 3},
		{"the recipe changed", func() { all[0].recipe = "b" }, 4},
	} {
		c.prepare()
		if err := buildAll(t.Context(), s, all, all, io.Discard); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if *made != c.made {
			t.Errorf("%s: made %d times, want %d", c.name, *made, c.made)
		}
	}
	if err := buildAll(t.Context(), s, nil, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of an artifact that is not listed any more is there: %v", err)
	}
}

func TestBuildFailureKeepsWhatWasBuilt(t *testing.T) {
	s, all, _ := testStore(t)
	if err := buildAll(t.Context(), s, all, all, io.Discard); err != nil {
		t.Fatal(err)
	}
	broken := artifact{name: "broken 1.0", dir: "broken", recipe: "a", make: func(context.Context, workplace) error { return errors.New("no such jar") }}
	err := buildAll(t.Context(), s, append(all, broken), append(all, broken), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "build broken 1.0: no such jar") {
		t.Errorf("got %v", err)
	}
	m, err := s.readManifest()
	if err != nil || len(m) != 1 || !s.intact(m["tool 1.0"]) {
		t.Errorf("manifest %v, %v", m, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.root, "build-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestArchivesAreReproducible(t *testing.T) {
	entries := []entry{
		{name: "k/libs/b.jar", mode: 0o644, data: []byte("b")},
		{name: "k/bin/a.sh", mode: 0o755, data: []byte("a")},
		{name: "k/current", mode: 0o777, link: "libs"},
	}
	var first, second bytes.Buffer
	if err := writeTar(&first, entries); err != nil {
		t.Fatal(err)
	}
	entries[0], entries[2] = entries[2], entries[0]
	if err := writeTar(&second, entries); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of the entries changes the archive")
	}
}

func TestGPGDigest(t *testing.T) {
	sum, err := hashFile(hashOf(64), os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	const want = `kafka_2.13-3.9.1.tgz: 00000000 00000000 00000000 00000000 00000000 00000000
                      00000000 00000000 00000000 00000000 00000000 00000000
                      00000000 00000000 00000000 00000000
`
	if got := gpgDigest("kafka_2.13-3.9.1.tgz", sum); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// hashOf is a hash whose sum is so many zero bytes.
type hashOf int

func (hashOf) Write(p []byte) (int, error) { return len(p), nil }
func (h hashOf) Sum(b []byte) []byte       { return append(b, make([]byte, h)...) }
func (hashOf) Reset()                      {}
func (h hashOf) Size() int                 { return int(h) }
func (hashOf) BlockSize() int              { return 1 }

func TestUpstreamVersion(t *testing.T) {
	for debian, want := range map[string]string{"2.42.0+ds-5+deb12u1": "2.42.0", "1:1.35.0-4": "1.35.0", "2.53.3+ds1-2": "2.53.3"} {
		if got, err := upstreamVersion(debian); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", debian, got, err, want)
		}
	}
}

func TestEveryScriptSaysThatItIsAStandIn(t *testing.T) {
	for _, version := range []string{"3.9.1", "4.1.0"} {
		entries, err := kafkaEntries(version, "kafka", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.Contains(string(e.data), "STAND-IN of the kops lab") {
				t.Errorf("%s: %s does not say so", version, e.name)
			}
			if strings.Contains(string(e.data), "%!") {
				t.Errorf("%s: %s is not filled in:\n%s", version, e.name, e.data)
			}
		}
	}
}

func TestServe(t *testing.T) {
	s, all, _ := testStore(t)
	imageFile := filepath.Join(s.files(), "images/demo/demo.tar")
	if err := os.MkdirAll(filepath.Dir(imageFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeImage(imageFile, []string{"demo/app:v1", "demo/app:debian"}, v1.Config{User: "nobody"}, []entry{{name: "bin/app", mode: 0o755}}); err != nil {
		t.Fatal(err)
	}
	if err := buildAll(t.Context(), s, all, all, io.Discard); err != nil {
		t.Fatal(err)
	}
	// The server says where it listens once it is ready.
	said, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	addr := addresses{http: freeAddress(t), registry: freeAddress(t)}
	go func() {
		err := serve(ctx, s, addr, out)
		out.Close()
		done <- err
	}()
	text := make([]byte, 4096)
	for !strings.Contains(string(text), "serving artifacts") {
		if _, err := said.Read(text); err != nil {
			t.Fatalf("the server ended: %v", <-done)
		}
	}
	if _, err := askHealth(ctx, addr.http); err != nil {
		t.Error(err)
	}
	response, err := http.Get("http://" + addr.http + "/tool/1.0/sha256sums.txt")
	if err != nil || response.StatusCode != 200 {
		t.Errorf("checksum file: %v %v", response, err)
	}
	ref, err := name.ParseReference(addr.registry+"/demo/app:v1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := image.ConfigFile(); err != nil || config.Config.User != "nobody" {
		t.Errorf("image config %+v, %v", config, err)
	}
	if err := serve(ctx, s, addr, io.Discard); !errors.Is(err, errRunning) {
		t.Errorf("a second server: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, alive, err := running(s); alive || err != nil {
		t.Errorf("after the end: running %v, %v", alive, err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestHealthOfSomethingElse(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if _, err := askHealth(t.Context(), other.Listener.Addr().String()); err == nil {
		t.Error("another server passes for the artifact server")
	}
}
