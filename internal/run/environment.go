package run

import (
	"context"
	"strings"

	"kops/internal/remote"
)

// environmentHost is a host whose commands and scripts see more environment variables.
type environmentHost struct {
	remote.Host
	env []string
}

func withEnvironment(h remote.Host, env []string) remote.Host {
	return &environmentHost{Host: h, env: env}
}

// Exec implements remote.Host.
func (h *environmentHost) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	cmd.Env = append(append([]string(nil), h.env...), cmd.Env...)
	return h.Host.Exec(ctx, cmd)
}

// Query implements remote.Reader.
func (h *environmentHost) Query(ctx context.Context, script string) (remote.Result, error) {
	return h.Host.Query(ctx, h.exports()+script)
}

// Script implements remote.Host.
func (h *environmentHost) Script(ctx context.Context, script string) (remote.Result, error) {
	return h.Host.Script(ctx, h.exports()+script)
}

func (h *environmentHost) exports() string {
	var b strings.Builder
	for _, e := range h.env {
		name, val, _ := strings.Cut(e, "=")
		b.WriteString("export " + name + "='" + strings.ReplaceAll(val, "'", `'\''`) + "'\n")
	}
	return b.String()
}
