// Command artifacts builds what the lab's hosts install and serves it the way upstream does: tarballs and jars with their
// checksum files over HTTP, container images from a registry. README.md tells what is real and what is a stand-in.
//
//	go run ./lab/artifacts build [NAME…]    build what is missing or outdated, or of that what is named; a no-op when it is there
//	go run ./lab/artifacts serve [-daemon]  serve until stopped; with -daemon in the background, ready when the command ends
//	go run ./lab/artifacts stop             stop the server
//	go run ./lab/artifacts status           the server's state and every file with its SHA-256
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = "usage: artifacts build [NAME…] | serve [-daemon] [-listen ADDR] [-registry ADDR] | stop | status"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "artifacts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("artifacts "+args[0], flag.ContinueOnError)
	addr := addresses{}
	flags.StringVar(&addr.http, "listen", "10.99.0.1:8900", "address of the artifact server")
	flags.StringVar(&addr.registry, "registry", "10.99.0.1:5000", "address of the container registry")
	daemon := flags.Bool("daemon", false, "serve in the background")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 && args[0] != "build" {
		return fmt.Errorf("unexpected argument %q\n%s", flags.Arg(0), usage)
	}
	s := openStore()
	switch args[0] {
	case "build":
		return build(ctx, s, flags.Args(), out)
	case "serve":
		if *daemon {
			return serveInBackground(ctx, s, addr, out)
		}
		return serve(ctx, s, addr, out)
	case "stop":
		return stop(ctx, s, out)
	case "status":
		return status(ctx, s, addr, out)
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}
