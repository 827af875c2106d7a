// Package geturl is the action get_url: with a checksum it lets the controller fetch the
// file, once for all hosts, and the module of that name push it.
package geturl

import (
	"context"
	"fmt"
	"io"
	"os"

	"kops/internal/module"
	"kops/internal/module/geturl"
	"kops/internal/run/action"
	"kops/internal/state"
	"kops/internal/value"
)

// fetchVariable is the variable that lets hosts fetch although there is a checksum: "host".
const fetchVariable = "kops_fetch"

// Spec is the module's arguments.
type Spec struct {
	geturl.Spec
}

// New describes the action.
func New() *module.Module {
	m := geturl.New()
	inner := m.New
	m.New = func() module.Spec { return &Spec{*inner().(*geturl.Spec)} }
	return m
}

// Act finds the checksum out; the file itself is fetched when a host needs it.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	spec := s.Spec
	if spec.Checksum == "" {
		return action.Outcome{Spec: &spec}, nil
	}
	where, _, err := env.Scope.Var(fetchVariable)
	if err != nil {
		return action.Outcome{}, err
	}
	algorithm, sum, err := s.digest(ctx, env)
	if err != nil {
		return action.Outcome{}, err
	}
	spec.Digest.Algorithm, spec.Digest.Hex = algorithm, sum
	if where == "host" {
		return action.Outcome{}, fmt.Errorf("%s: host together with a checksum is not supported: leave the checksum out, or let the controller fetch", fetchVariable)
	}
	req := s.request(spec.URL)
	req.Checksum = algorithm + ":" + sum
	spec.Fetch = func(ctx context.Context) (io.ReadCloser, int64, error) { return open(ctx, env.Artifacts, req) }
	return action.Outcome{Spec: &spec}, nil
}

func open(ctx context.Context, artifacts action.Artifacts, req state.Request) (io.ReadCloser, int64, error) {
	path, err := artifacts.Fetch(ctx, req)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func (s *Spec) request(url string) state.Request {
	r := state.Request{URL: url, Username: s.Username, Password: s.Password.Reveal(), ValidateCerts: s.ValidateCerts, Header: map[string]string{}}
	for k, v := range s.Headers.All() {
		r.Header[value.Str(k)] = value.Str(v)
	}
	return r
}
