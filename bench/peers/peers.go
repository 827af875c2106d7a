package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A peer is a tool of PyPI, in a virtual environment of its own.
type peer struct {
	name     string
	packages []string
	version  string // of packages[0]
	dir      string // of the environment
}

// nodeExporter is the binary that the play copies.
const nodeExporter = "github.com/prometheus/node_exporter@v1.12.1"

// installPeers makes the environments where they are missing.
func installPeers(ctx context.Context, cache string) (map[string]*peer, error) {
	peers := map[string]*peer{}
	for _, p := range []*peer{
		{name: "pyinfra", packages: []string{"pyinfra"}},
		{name: "ansible-core", packages: []string{"ansible-core==2.19.*"}},
		{name: "Mitogen", packages: []string{"mitogen==0.3.*", "ansible-core==2.19.*"}}, // the newest that it supports
	} {
		p.dir = filepath.Join(cache, p.name)
		if err := p.install(ctx); err != nil {
			return nil, err
		}
		peers[p.name] = p
	}
	return peers, nil
}

func (p *peer) install(ctx context.Context) error {
	pip := filepath.Join(p.dir, "bin/pip")
	done := filepath.Join(p.dir, "installed")
	if _, err := os.Stat(done); err != nil {
		python, err := findPython()
		if err != nil {
			return err
		}
		if err := command(ctx, ".", nil, python, "-m", "venv", "--clear", p.dir); err != nil {
			return err
		}
		if err := command(ctx, ".", nil, pip, append([]string{"install", "-q", "--disable-pip-version-check"}, p.packages...)...); err != nil {
			return err
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return err
		}
	}
	name, _, _ := strings.Cut(p.packages[0], "=")
	out, err := exec.CommandContext(ctx, pip, "show", "--disable-pip-version-check", name).Output()
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(line, "Version: "); ok {
			p.version = strings.TrimSpace(v)
		}
	}
	return err
}

// findPython finds a Python that current versions of the peers run on.
func findPython() (string, error) {
	found, _ := filepath.Glob(os.ExpandEnv("$HOME/.pyenv/versions/3.1[2-9].*/bin/python3")) // the pattern is well-formed
	for _, name := range append(found, "python3.13", "python3.12", "python3") {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))").Run() == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the peers need Python 3.11 or later with its venv module")
}

// buildNodeExporter builds the binary, once.
func buildNodeExporter(ctx context.Context, cache string) (string, error) {
	binary := filepath.Join(cache, "node_exporter")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	say("building node_exporter, which the play copies")
	env := append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOBIN="+cache)
	return binary, command(ctx, os.TempDir(), env, "go", "install", nodeExporter)
}
