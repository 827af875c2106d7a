package dockerapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// An Image is what is known of an image on the host. The zero Image is one that is not there.
type Image struct {
	ID     string
	Env    []string
	Labels map[string]string
	Raw    client.ImageInspectResult
}

// FindImage returns the image, the zero Image if it is not on the host.
func FindImage(ctx context.Context, api *Client, name string) (Image, error) {
	found, err := api.ImageInspect(ctx, name)
	if Missing(err) {
		return Image{}, nil
	}
	if err != nil {
		return Image{}, api.Explain("look for image "+name, err)
	}
	image := Image{ID: found.ID, Raw: found}
	if found.Config != nil {
		image.Env, image.Labels = found.Config.Env, found.Config.Labels
	}
	return image, nil
}

// Pull pulls the image and returns it.
func Pull(ctx context.Context, api *Client, name string) (Image, error) {
	ctx, cancel := context.WithTimeout(ctx, PullLimit)
	defer cancel()
	progress, err := api.ImagePull(ctx, name, client.ImagePullOptions{})
	if err == nil {
		err = progress.Wait(ctx)
	}
	if err != nil {
		return Image{}, api.Explain("pull image "+name, pullAdvice(err))
	}
	return FindImage(ctx, api, name)
}

func pullAdvice(err error) error {
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return fmt.Errorf("%w; the registry speaks plain HTTP: name it in insecure-registries of /etc/docker/daemon.json", err)
	}
	return err
}

// FullName returns name with its tag: "prom/prometheus" becomes "prom/prometheus:latest". A
// name with a tag or a digest, and an image id, stay as they are.
func FullName(name, tag string) string {
	if strings.Contains(name, "@") || strings.HasPrefix(name, "sha256:") {
		return name
	}
	if strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ":") {
		return name
	}
	if tag == "" {
		tag = "latest"
	}
	return name + ":" + tag
}
