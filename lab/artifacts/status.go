package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// status prints whether the server runs, the images with their digests, and every file's URL with its SHA-256.
func status(ctx context.Context, s store, addr addresses, out io.Writer) error {
	pid, alive, err := running(s)
	if err != nil {
		return err
	}
	switch _, err := askHealth(ctx, addr.http); {
	case alive && err == nil:
		fmt.Fprintf(out, "server: runs on http://%s, registry on %s (pid %d)\n", addr.http, addr.registry, pid)
	case alive:
		fmt.Fprintf(out, "server: process %d runs, but does not answer: %v\n", pid, err)
	default:
		fmt.Fprintln(out, "server: stopped")
	}
	tars, err := imageTars(s)
	if err != nil {
		return err
	}
	for _, tar := range tars {
		err := eachImage(tar, func(tag name.Tag, image v1.Image) error {
			digest, err := image.Digest()
			fmt.Fprintf(out, "image:  %s/%s:%s  %s\n", addr.registry, tag.RepositoryStr(), tag.TagStr(), digest)
			return err
		})
		if err != nil {
			return err
		}
	}
	m, err := s.readManifest()
	if err != nil {
		return err
	}
	for _, artifact := range m.names() {
		fmt.Fprintln(out, artifact)
		files := m[artifact].Files
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(out, "  %s  http://%s/%s\n", files[path], addr.http, path)
		}
	}
	return nil
}
