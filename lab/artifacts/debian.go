package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// unpackDebian downloads Debian packages, without installing them, and unpacks all of them into one folder.
func unpackDebian(ctx context.Context, tmp, root string, packages ...string) error {
	debs := filepath.Join(tmp, "debs")
	if err := os.MkdirAll(debs, 0o755); err != nil {
		return err
	}
	download := append([]string{"apt-get", "-q", "download"}, packages...)
	if err := command(ctx, debs, download...); err != nil {
		// The machine may never have had a package list, or an old one.
		if err := command(ctx, debs, "apt-get", "-q", "update"); err != nil {
			return err
		}
		if err := command(ctx, debs, download...); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range files {
		if err := command(ctx, debs, "dpkg-deb", "-x", deb, root); err != nil {
			return err
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	return nil
}

// debianPackage tells a package's version and the names of the packages that it depends on.
func debianPackage(ctx context.Context, name string) (version string, depends []string, err error) {
	text, err := commandOutput(ctx, "", nil, "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return "", nil, err
	}
	for line := range strings.Lines(text) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Version":
			version = rest
		case "Depends":
			for _, d := range strings.Split(rest, ", ") {
				depends = append(depends, strings.Fields(d)[0])
			}
		}
	}
	return version, depends, nil
}

var upstreamPart = regexp.MustCompile(`^(?:\d+:)?(\d+(?:\.\d+)*)`)

// upstreamVersion is the part of a Debian version that is upstream's: 2.42.0 of 2.42.0+ds-5+deb12u1.
func upstreamVersion(debian string) (string, error) {
	m := upstreamPart.FindStringSubmatch(debian)
	if m == nil {
		return "", fmt.Errorf("no upstream version in Debian's %q", debian)
	}
	return m[1], nil
}
