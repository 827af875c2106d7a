// Package dockertest has a Docker engine in memory for the tests of the docker modules:
// the part of its API that they use, over connections that stay inside the process.
package dockertest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
)

// An Engine is a Docker engine. Its maps may be filled before use and looked at afterwards.
type Engine struct {
	Containers map[string]*container.InspectResponse
	Images     map[string]image.InspectResponse // by full name
	Registry   map[string]image.InspectResponse // what can be pulled
	Volumes    map[string]*volume.Volume
	Refuse     map[string]string // "create NAME", "start NAME" …: the error that it ends with
	Calls      []string          // what was changed: "start prometheus"

	mu       sync.Mutex
	listener *listener
}

// New returns an empty engine that runs until the test ends.
func New(t *testing.T) *Engine {
	e := &Engine{
		Containers: map[string]*container.InspectResponse{}, Images: map[string]image.InspectResponse{},
		Registry: map[string]image.InspectResponse{}, Volumes: map[string]*volume.Volume{}, Refuse: map[string]string{},
		listener: &listener{conns: make(chan net.Conn), done: make(chan struct{})},
	}
	server := &http.Server{Handler: e.handler()}
	go func() { _ = server.Serve(e.listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return e
}

// Dial opens a connection to the engine.
func (e *Engine) Dial(_, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case e.listener.conns <- theirs:
		return ours, nil
	case <-e.listener.done:
		return nil, net.ErrClosed
	}
}

// Image is an image with an id and an environment.
func Image(id string, env ...string) image.InspectResponse {
	config := &dockerspec.DockerOCIImageConfig{}
	config.Env = env
	return image.InspectResponse{ID: "sha256:" + id, Config: config}
}

type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "docker.sock", Net: "unix"} }

func (e *Engine) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(w http.ResponseWriter, r *http.Request)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /{version}"+path, func(w http.ResponseWriter, r *http.Request) {
			e.mu.Lock()
			defer e.mu.Unlock()
			do(w, r)
		})
	}
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.47") })
	handle("GET /containers/{name}/json", e.inspectContainer)
	handle("POST /containers/create", e.createContainer)
	handle("POST /containers/{name}/{verb}", e.changeContainer)
	handle("DELETE /containers/{name}", e.removeContainer)
	handle("POST /images/create", e.pullImage)
	handle("POST /images/load", e.loadImage)
	handle("GET /images/{name...}", e.inspectImage)
	handle("POST /images/{name...}", e.tagImage)
	handle("DELETE /images/{name...}", e.removeImage)
	handle("GET /volumes/{name}", e.inspectVolume)
	handle("POST /volumes/create", e.createVolume)
	handle("DELETE /volumes/{name}", e.removeVolume)
	return mux
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, format string, a ...any) {
	answer(w, status, map[string]string{"message": fmt.Sprintf(format, a...)})
}

// refused records a change and tells whether the test wants it to fail.
func (e *Engine) refused(w http.ResponseWriter, verb, name string) bool {
	e.Calls = append(e.Calls, verb+" "+name)
	if why := e.Refuse[verb+" "+name]; why != "" {
		problem(w, http.StatusInternalServerError, "%s", why)
		return true
	}
	return false
}

func (e *Engine) inspectContainer(w http.ResponseWriter, r *http.Request) {
	c, ok := e.Containers[r.PathValue("name")]
	if !ok {
		problem(w, http.StatusNotFound, "No such container: %s", r.PathValue("name"))
		return
	}
	answer(w, http.StatusOK, c)
}

func (e *Engine) createContainer(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if e.refused(w, "create", name) {
		return
	}
	var body struct {
		container.Config
		HostConfig       *container.HostConfig
		NetworkingConfig *network.NetworkingConfig
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		problem(w, http.StatusBadRequest, "%v", err)
		return
	}
	if _, taken := e.Containers[name]; taken {
		problem(w, http.StatusConflict, "the name %s is in use", name)
		return
	}
	made, ok := e.Images[body.Image]
	if !ok {
		problem(w, http.StatusNotFound, "No such image: %s", body.Image)
		return
	}
	body.Config.Env = append(append([]string{}, made.Config.Env...), body.Config.Env...)
	settings := &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{}}
	if body.NetworkingConfig != nil {
		maps.Copy(settings.Networks, body.NetworkingConfig.EndpointsConfig)
	}
	e.Containers[name] = &container.InspectResponse{ID: "id-" + name, Name: "/" + name, Image: made.ID, Config: &body.Config,
		HostConfig: body.HostConfig, State: &container.State{Status: "created"}, NetworkSettings: settings}
	answer(w, http.StatusCreated, map[string]any{"Id": "id-" + name, "Warnings": []string{}})
}

func (e *Engine) changeContainer(w http.ResponseWriter, r *http.Request) {
	name, verb := r.PathValue("name"), r.PathValue("verb")
	if e.refused(w, verb, name) {
		return
	}
	c, ok := e.Containers[name]
	if !ok {
		problem(w, http.StatusNotFound, "No such container: %s", name)
		return
	}
	switch verb {
	case "start", "restart":
		c.State.Running = true
	case "stop", "kill":
		c.State.Running = false
	case "rename":
		delete(e.Containers, name)
		c.Name = "/" + r.URL.Query().Get("name")
		e.Containers[r.URL.Query().Get("name")] = c
	case "update":
		var body container.UpdateConfig
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			problem(w, http.StatusBadRequest, "%v", err)
			return
		}
		if body.RestartPolicy.Name != "" {
			c.HostConfig.RestartPolicy = body.RestartPolicy
		}
		if body.Memory != 0 {
			c.HostConfig.Memory = body.Memory
		}
		answer(w, http.StatusOK, map[string]any{"Warnings": nil})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (e *Engine) removeContainer(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if _, ok := e.Containers[name]; !ok {
		problem(w, http.StatusNotFound, "No such container: %s", name)
		return
	}
	if e.refused(w, "remove", name) {
		return
	}
	delete(e.Containers, name)
	w.WriteHeader(http.StatusNoContent)
}

func (e *Engine) inspectImage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), "/json")
	found, ok := e.Images[name]
	if !ok {
		problem(w, http.StatusNotFound, "No such image: %s", name)
		return
	}
	answer(w, http.StatusOK, found)
}

func (e *Engine) pullImage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name := strings.TrimPrefix(q.Get("fromImage"), "docker.io/library/")
	name = strings.TrimPrefix(name, "docker.io/") + ":" + q.Get("tag")
	if e.refused(w, "pull", name) {
		return
	}
	found, ok := e.Registry[name]
	if !ok {
		problem(w, http.StatusNotFound, "manifest for %s not found", name)
		return
	}
	e.Images[name] = found
	answer(w, http.StatusOK, map[string]string{"status": "Downloaded"})
}

func (e *Engine) loadImage(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		problem(w, http.StatusBadRequest, "%v", err)
		return
	}
	name := strings.TrimSpace(string(text)) // an archive of the tests is the image's name
	if !e.refused(w, "load", name) {
		e.Images[name] = Image("loaded")
		answer(w, http.StatusOK, map[string]string{"stream": "Loaded image: " + name})
	}
}

func (e *Engine) tagImage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), "/tag")
	to := strings.TrimPrefix(r.URL.Query().Get("repo"), "docker.io/library/") + ":" + r.URL.Query().Get("tag")
	if !e.refused(w, "tag", name+" "+to) {
		e.Images[to] = e.Images[name]
		w.WriteHeader(http.StatusCreated)
	}
}

func (e *Engine) removeImage(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !e.refused(w, "remove", name) {
		delete(e.Images, name)
		answer(w, http.StatusOK, []any{})
	}
}

func (e *Engine) inspectVolume(w http.ResponseWriter, r *http.Request) {
	found, ok := e.Volumes[r.PathValue("name")]
	if !ok {
		problem(w, http.StatusNotFound, "no such volume")
		return
	}
	answer(w, http.StatusOK, found)
}

func (e *Engine) createVolume(w http.ResponseWriter, r *http.Request) {
	var body volume.CreateRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		problem(w, http.StatusBadRequest, "%v", err)
		return
	}
	if !e.refused(w, "create", body.Name) {
		e.Volumes[body.Name] = &volume.Volume{Name: body.Name, Driver: body.Driver, Labels: body.Labels, Options: body.DriverOpts}
		answer(w, http.StatusCreated, e.Volumes[body.Name])
	}
}

func (e *Engine) removeVolume(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !e.refused(w, "remove", name) {
		delete(e.Volumes, name)
		w.WriteHeader(http.StatusNoContent)
	}
}
