package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// sources are this program's own files: the stand-in scripts that it packs, and its code, of which recipes are made.
//
//go:embed *.go kafka zookeeper
var sources embed.FS

// An artifact is one folder of served files and how it is made.
type artifact struct {
	name   string       // "kafka 3.9.1"
	dir    string       // its folder below files/
	recipe string       // changes whenever the result would
	jars   []coordinate // fetched before make runs, with what they need at run time
	make   func(ctx context.Context, w workplace) error
}

// A workplace is where an artifact is made. Everything in it but out is thrown away.
type workplace struct {
	out  string // the folder to fill
	tmp  string // for intermediate files
	jars string // the folder of the jars
}

// artifacts lists all that the lab serves. Stand-ins are compiled here, since their recipe is the binary itself.
func artifacts(ctx context.Context, s store) ([]artifact, error) {
	exporter, err := compileStandIn(ctx, s, "kafkaexporter")
	if err != nil {
		return nil, err
	}
	grafana, err := compileStandIn(ctx, s, "grafana")
	if err != nil {
		return nil, err
	}
	return []artifact{
		kafkaArtifact("3.9.1"),
		kafkaArtifact("4.1.0"),
		zookeeperArtifact("3.5.10"),
		zookeeperArtifact("3.8.4"),
		jmxExporterArtifact("0.20.0"),
		jmxExporterArtifact("1.0.1"),
		nodeExporterArtifact("1.12.1"),
		kafkaExporterArtifact("1.9.0", exporter),
		prometheusArtifact(),
		alertmanagerArtifact(),
		grafanaArtifact("11.6.0", grafana),
	}, nil
}

// build makes every artifact that is missing, damaged or made from another recipe; or those alone that are named.
func build(ctx context.Context, s store, names []string, out io.Writer) error {
	if err := os.MkdirAll(s.files(), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(s.lockFile(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("wait for another build: %w", err)
	}
	all, err := artifacts(ctx, s)
	if err != nil {
		return err
	}
	wanted, err := named(all, names)
	if err != nil {
		return err
	}
	return buildAll(ctx, s, all, wanted, out)
}

// named are the artifacts of these names, all where none is given.
func named(all []artifact, names []string) ([]artifact, error) {
	if len(names) == 0 {
		return all, nil
	}
	var found []artifact
	for _, name := range names {
		i := slices.IndexFunc(all, func(a artifact) bool { return a.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no artifact %q", name)
		}
		found = append(found, all[i])
	}
	return found, nil
}

func buildAll(ctx context.Context, s store, all, wanted []artifact, out io.Writer) error {
	m, err := s.readManifest()
	if err != nil {
		return err
	}
	var stale []artifact
	for _, a := range wanted {
		if have, ok := m[a.name]; !ok || have.Recipe != a.recipe || !s.intact(have) {
			stale = append(stale, a)
		}
	}
	if err := dropUnlisted(s, m, all); err != nil {
		return err
	}
	if len(stale) == 0 {
		fmt.Fprintf(out, "%d artifacts are built and intact in %s\n", len(wanted), s.files())
		return nil
	}
	tmp, err := os.MkdirTemp(s.root, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	return buildStale(ctx, s, m, stale, tmp, out)
}

// buildStale makes the artifacts, a few at a time, while their jars arrive. The manifest is written after each, so that
// an interrupted build goes on where it was.
func buildStale(ctx context.Context, s store, m manifest, stale []artifact, tmp string, out io.Writer) error {
	jars := sync.OnceValue(func() error { return fetchJars(ctx, stale, filepath.Join(tmp, "maven"), out) })
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(3)
	for _, a := range slowLast(stale) {
		g.Go(func() error {
			start := time.Now()
			if len(a.jars) > 0 {
				if err := jars(); err != nil {
					return fmt.Errorf("build %s: %w", a.name, err)
				}
			}
			sums, err := buildOne(ctx, s, a, tmp)
			if err != nil {
				return fmt.Errorf("build %s: %w", a.name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			m[a.name] = built{Recipe: a.recipe, Files: sums}
			fmt.Fprintf(out, "built %s in %s\n", a.name, time.Since(start).Round(100*time.Millisecond))
			return s.writeManifest(m)
		})
	}
	return g.Wait()
}

func buildOne(ctx context.Context, s store, a artifact, tmp string) (map[string]string, error) {
	w := workplace{
		out:  filepath.Join(tmp, "out", a.dir),
		tmp:  filepath.Join(tmp, "work", a.dir),
		jars: jarFolder(filepath.Join(tmp, "maven"), a),
	}
	if err := errors.Join(os.MkdirAll(w.out, 0o755), os.MkdirAll(w.tmp, 0o755)); err != nil {
		return nil, err
	}
	if err := a.make(ctx, w); err != nil {
		return nil, err
	}
	return s.install(w.out, a.dir)
}

// slowLast puts one artifact that waits for jars first, so that they are fetched from the start, then those that need none.
func slowLast(all []artifact) []artifact {
	var first, rest, waiting []artifact
	for _, a := range all {
		switch {
		case len(a.jars) == 0:
			rest = append(rest, a)
		case first == nil:
			first = append(first, a)
		default:
			waiting = append(waiting, a)
		}
	}
	return append(append(first, rest...), waiting...)
}

// dropUnlisted removes artifacts of former versions, and those that would lie beside a renamed one.
func dropUnlisted(s store, m manifest, all []artifact) error {
	listed := map[string]bool{}
	for _, a := range all {
		listed[a.name] = true
	}
	for name, b := range m {
		if listed[name] {
			continue
		}
		for path := range b.Files {
			if err := os.RemoveAll(filepath.Join(s.files(), path)); err != nil {
				return err
			}
		}
		delete(m, name)
	}
	return s.writeManifest(m)
}

// fingerprint is the hash of some of this program's own files and of what else decides a result.
// Folders count with all that is in them.
func fingerprint(paths []string, rest ...any) string {
	h := sha256.New()
	for _, path := range paths {
		err := fs.WalkDir(sources, path, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := sources.ReadFile(p)
			fmt.Fprintf(h, "%s %d\n%s", p, len(data), data)
			return err
		})
		if err != nil {
			panic(fmt.Sprintf("embedded file %s: %v", path, err))
		}
	}
	fmt.Fprintln(h, rest...)
	return hex.EncodeToString(h.Sum(nil))
}
