package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// staticGo builds the same static binary from the same source, on any machine: no cgo, no paths, a fixed compiler.
func staticGo() []string {
	return []string{"CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOTOOLCHAIN=" + goToolchain}
}

// goToolchain is the compiler that go.mod names; the exporters' checksums depend on it.
const goToolchain = "go1.26.8"

// platform is how releases name the system and the architecture of their binaries.
func platform() string { return "linux-" + runtime.GOARCH }

// compileModule builds a program of a published module and returns the folder of the module's source, for its licence.
func compileModule(ctx context.Context, module, version, binDir, ldflags string) (string, error) {
	answer, err := commandOutput(ctx, os.TempDir(), staticGo(), "go", "mod", "download", "-json", module+"@v"+version)
	if err != nil {
		return "", err
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal([]byte(answer), &downloaded); err != nil {
		return "", fmt.Errorf("read the answer of go mod download: %w", err)
	}
	env := append(staticGo(), "GOBIN="+binDir)
	_, err = commandOutput(ctx, os.TempDir(), env, "go", "install", "-trimpath", "-ldflags="+ldflags, module+"@v"+version)
	return downloaded.Dir, err
}

// compileStandIn builds one of the lab's own programs and returns the path of its binary.
func compileStandIn(ctx context.Context, s store, name string) (string, error) {
	gomod, err := commandOutput(ctx, "", nil, "go", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	repo := filepath.Dir(strings.TrimSpace(gomod))
	if _, err := os.Stat(filepath.Join(repo, "lab", name)); err != nil {
		return "", errors.Join(errors.New("run this from inside the kops repository"), err)
	}
	binary := filepath.Join(s.root, "bin", name)
	env := append(staticGo(), "GOFLAGS=-buildvcs=false")
	_, err = commandOutput(ctx, repo, env, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./lab/"+name)
	return binary, err
}
