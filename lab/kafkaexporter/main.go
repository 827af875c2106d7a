// Command kafkaexporter is the kops lab's stand-in for danielqsj/kafka_exporter, which no registry here has. It is not the
// original: it has the original's flags, metric names and labels, as far as kops uses them, and refuses other flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"
)

const versionText = "kafka_exporter, version 1.9.0 (STAND-IN of the kops lab, not the original)"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	opts, err := parseOptions(os.Args[1:], os.Getenv)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "kafka_exporter: error:", err)
		os.Exit(1)
	case opts.version:
		fmt.Println(versionText)
		return
	}
	if err := run(ctx, opts); err != nil {
		slog.Error("kafka_exporter ends", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Like the original it ends at once when no broker answers at the start.
func run(ctx context.Context, opts *options) error {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: opts.level})))
	slog.Info("Starting " + versionText)
	client, err := newClient(opts)
	if err != nil {
		return err
	}
	defer client.Close()
	pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := client.Ping(pingCtx); err != nil {
		return fmt.Errorf("connect to Kafka at %v: %w", opts.servers, err)
	}
	server := &http.Server{
		Addr:              opts.listen,
		Handler:           handler(opts, kadm.NewClient(client)),
		ReadHeaderTimeout: 10 * time.Second,
	}
	context.AfterFunc(ctx, func() { server.Close() })
	slog.Info("Listening on HTTP", "address", opts.listen)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler serves the metrics, /healthz and a page that leads to the metrics.
func handler(opts *options, admin *kadm.Client) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{admin: admin, opts: opts},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle(opts.path, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<html><head><title>Kafka Exporter (stand-in)</title></head><body><h1>Kafka Exporter</h1>"+
			"<p>The kops lab's stand-in, not the original.</p><p><a href=%q>Metrics</a></p></body></html>\n", opts.path)
	})
	return mux
}
