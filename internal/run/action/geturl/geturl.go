// Package geturl is the action get_url: with a checksum the controller downloads the file once,
// verifies it and pushes it to every host that has not got it.
package geturl

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

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
	m.Doc.Notes = append([]string{
		"With a checksum the controller downloads the file once, verifies it, keeps it in its cache and pushes it: the hosts need no way to the server. A host that has the file costs no download.",
		"The checksum may be a URL of a file of checksums, which is fetched each run: as sha256sum and its like, BSD or Apache (.sha512) write it, or the sum alone.",
		"Without a checksum, with client_cert, with use_proxy: false, or with the variable kops_fetch set to host, the host downloads for itself.",
	}, m.Doc.Notes...)
	return m
}

// Validate is the module's, but for a checksum that is a URL, which is none of its business.
func (s *Spec) Validate() error {
	plain := s.Spec
	if s.Checksum != "" {
		want, err := parseChecksum(s.Checksum)
		if err != nil {
			return err
		}
		if plain.Checksum = want.String(); want.list != "" {
			plain.Checksum = ""
		}
	}
	return plain.Validate()
}

// Act finds out which checksum the file must have. The download itself waits until a host
// turns out to need it.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	spec := s.Spec
	if spec.Checksum == "" {
		return action.Outcome{Spec: &spec}, nil
	}
	where, _, err := env.Scope.Var(fetchVariable)
	if err != nil {
		return action.Outcome{}, err
	}
	want, err := parseChecksum(spec.Checksum)
	if err != nil {
		return action.Outcome{}, err
	}
	if want.list != "" {
		if want.hex, err = s.lookUp(ctx, env, want); err != nil {
			return action.Outcome{}, err
		}
	}
	spec.Checksum = want.String()
	if where == "host" || spec.ClientCert != "" || !spec.UseProxy || strings.HasPrefix(spec.URL, "ftp:") {
		return action.Outcome{Spec: &spec}, nil
	}
	req := s.request(spec.URL)
	req.Checksum = spec.Checksum
	return action.Outcome{Spec: &push{Spec: &spec, want: want, fetch: func(ctx context.Context) (string, error) {
		return env.Artifacts.Fetch(ctx, req)
	}}}, nil
}

// lookUp finds the file's checksum in a file of checksums.
func (s *Spec) lookUp(ctx context.Context, env *action.Env, want checksum) (string, error) {
	text, err := env.Artifacts.Text(ctx, s.request(want.list))
	if err != nil {
		return "", fmt.Errorf("checksum: %w", err)
	}
	sum, err := find(string(text), nameOf(s.URL), want.algorithm)
	if err != nil {
		return "", fmt.Errorf("checksum: %s: %w", redacted(want.list), err)
	}
	return sum, nil
}

func (s *Spec) request(u string) state.Request {
	r := state.Request{URL: u, Username: s.Username, Password: s.Password.Reveal(), ValidateCerts: s.ValidateCerts,
		Silence: time.Duration(s.Timeout) * time.Second, Header: map[string]string{}}
	if s.Agent != "" {
		r.Header["User-Agent"] = s.Agent
	}
	for k, v := range s.Headers.All() {
		r.Header[value.Str(k)] = value.Str(v)
	}
	return r
}

// nameOf is the file's name as its URL has it.
func nameOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

func redacted(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(a URL that does not parse)"
	}
	return u.Redacted()
}
