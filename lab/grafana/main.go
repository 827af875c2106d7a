// Command grafana is the kops lab's stand-in for Grafana, which no registry here has. It is not Grafana: it speaks the part
// of its HTTP API that kops uses, reads its provisioning files and really queries the data sources. README.md lists the parts.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// version is the release of Grafana whose API this stand-in follows.
const version = "11.6.0"

func main() {
	for _, arg := range os.Args[1:] {
		switch arg {
		case "server": // as in the original's command line
		case "--version", "-v":
			fmt.Printf("grafana version %s (STAND-IN of the kops lab, not the original)\n", version)
			return
		default:
			fmt.Fprintf(os.Stderr, "grafana (stand-in): unknown argument %q: it takes --version, and its settings from GF_ variables\n", arg)
			os.Exit(1)
		}
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Getenv); err != nil {
		slog.Error("Grafana stand-in ends", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, getenv func(string) string) error {
	slog.Info("Starting Grafana", "version", version, "note", "STAND-IN of the kops lab, not the original")
	user, password, err := adminSettings(getenv)
	if err != nil {
		return err
	}
	accounts, err := openAccount(cmp.Or(getenv("GF_PATHS_DATA"), "/var/lib/grafana"), user, password)
	if err != nil {
		return err
	}
	p, err := newProvisioned(cmp.Or(getenv("GF_PATHS_PROVISIONING"), "/etc/grafana/provisioning"), getenv)
	if err != nil {
		return err
	}
	go p.watch(ctx)
	server := &http.Server{
		Addr:              net.JoinHostPort(getenv("GF_SERVER_HTTP_ADDR"), cmp.Or(getenv("GF_SERVER_HTTP_PORT"), "3000")),
		Handler:           newAPI(accounts, p).handler(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	context.AfterFunc(ctx, func() { server.Close() })
	slog.Info("HTTP Server Listen", "logger", "http.server", "address", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// adminSettings are the first administrator's name and password, from the environment or files that it names.
func adminSettings(getenv func(string) string) (user, password string, err error) {
	setting := func(name, fallback string) string {
		if file := getenv(name + "__FILE"); file != "" {
			data, readErr := os.ReadFile(file)
			err = errors.Join(err, readErr)
			return strings.TrimRight(string(data), "\r\n")
		}
		return cmp.Or(getenv(name), fallback)
	}
	user = setting("GF_SECURITY_ADMIN_USER", "admin")
	password = setting("GF_SECURITY_ADMIN_PASSWORD", "admin")
	return user, password, err
}
