package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// addresses are where the server listens.
type addresses struct{ http, registry string }

// health is the answer of /healthz: it names the server, and what it serves by the hash of the manifest.
type health struct {
	Service  string `json:"service"`
	Manifest string `json:"manifest"`
}

const serviceName = "kops-lab-artifacts"

// serve serves until ctx ends. The registry is filled before the artifact server starts, so an answer of /healthz
// means that everything is there.
func serve(ctx context.Context, s store, addr addresses, out io.Writer) error {
	lock, err := lockPidFile(s)
	if err != nil {
		return err
	}
	defer lock.Close()
	manifestSum, err := sha256File(s.manifestPath())
	if err != nil {
		return fmt.Errorf("nothing is built yet, run `artifacts build`: %w", err)
	}
	if err := os.MkdirAll(s.blobs(), 0o755); err != nil {
		return err
	}
	imageListener, err := net.Listen("tcp", addr.registry)
	if err != nil {
		return listenError(err)
	}
	imageServer := newServer(registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(s.blobs())),
		registry.Logger(log.New(io.Discard, "", 0)),
	))
	failed := make(chan error, 2)
	go func() { failed <- imageServer.Serve(imageListener) }()
	defer imageServer.Close()
	if err := pushImages(ctx, s, imageListener.Addr().String(), out); err != nil {
		return err
	}
	fileListener, err := net.Listen("tcp", addr.http)
	if err != nil {
		return listenError(err)
	}
	fileServer := newServer(fileHandler(s, manifestSum))
	go func() { failed <- fileServer.Serve(fileListener) }()
	defer fileServer.Close()
	fmt.Fprintf(out, "serving artifacts on http://%s and images on %s\n", fileListener.Addr(), imageListener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
}

func listenError(err error) error {
	return fmt.Errorf("%w (the address must exist on this machine: `lab/lab up` makes the bridge)", err)
}

// fileHandler serves the files, and its own health.
func fileHandler(s store, manifestSum string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// An answer that cannot be written has nobody to be told.
		_ = json.NewEncoder(w).Encode(health{Service: serviceName, Manifest: manifestSum})
	})
	mux.Handle("GET /", http.FileServer(http.Dir(s.files())))
	return mux
}

// pushImages puts the built images into the registry under all their names. Blobs that it has on disk are not written again.
func pushImages(ctx context.Context, s store, registryAddr string, out io.Writer) error {
	tars, err := imageTars(s)
	if err != nil {
		return err
	}
	for _, tar := range tars {
		err := eachImage(tar, func(tag name.Tag, image v1.Image) error {
			ref, err := name.ParseReference(registryAddr+"/"+tag.RepositoryStr()+":"+tag.TagStr(), name.Insecure)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "image %s\n", ref)
			return remote.Write(ref, image, remote.WithContext(ctx))
		})
		if err != nil {
			return fmt.Errorf("push %s to the lab's registry: %w", tar, err)
		}
	}
	return nil
}

func imageTars(s store) ([]string, error) {
	return filepath.Glob(filepath.Join(s.files(), "images", "*", "*.tar"))
}

// eachImage reads the images of a file that writeImage wrote.
func eachImage(file string, do func(name.Tag, v1.Image) error) error {
	opener := func() (io.ReadCloser, error) { return os.Open(file) }
	index, err := tarball.LoadManifest(opener)
	if err != nil {
		return err
	}
	for _, descriptor := range index {
		for _, ref := range descriptor.RepoTags {
			tag, err := name.NewTag(ref)
			if err != nil {
				return err
			}
			image, err := tarball.Image(opener, &tag)
			if err != nil {
				return err
			}
			if err := do(tag, image); err != nil {
				return err
			}
		}
	}
	return nil
}

// askHealth asks a running server. An error means that none answers there.
func askHealth(ctx context.Context, addr string) (health, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return health{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return health{}, err
	}
	defer response.Body.Close()
	var h health
	if err := json.NewDecoder(response.Body).Decode(&h); err != nil || h.Service != serviceName {
		return health{}, errors.Join(fmt.Errorf("something else than the artifact server answers on %s", addr), err)
	}
	return h, nil
}
