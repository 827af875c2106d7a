package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A coordinate names a jar in a Maven repository.
type coordinate struct{ group, id, version string }

// fetchJars lets Maven resolve the jars of all artifacts, each with what it needs at run time. Maven is asked
// once, with a module for each artifact: it works on several modules at a time, and most of its time is waiting.
func fetchJars(ctx context.Context, all []artifact, dir string, out io.Writer) error {
	if err := ensureProgram(ctx, "mvn", "maven", out); err != nil {
		return err
	}
	var modules []string
	for _, a := range all {
		if len(a.jars) == 0 {
			continue
		}
		module := jarModule(a)
		modules = append(modules, "<module>"+module+"</module>")
		if err := writePOM(filepath.Join(dir, module), module, "<dependencies>"+dependencies(a.jars)+"</dependencies>"); err != nil {
			return err
		}
	}
	if err := writePOM(dir, "all", "<modules>"+strings.Join(modules, "")+"</modules>"); err != nil {
		return err
	}
	return command(ctx, dir, "mvn", "--batch-mode", "--quiet", "-T4", "-Dmaven.artifact.threads=16",
		"org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory=libs")
}

func jarModule(a artifact) string { return strings.ReplaceAll(a.name, " ", "-") }

// jarFolder is where fetchJars puts an artifact's jars.
func jarFolder(dir string, a artifact) string { return filepath.Join(dir, jarModule(a), "libs") }

func writePOM(dir, id, body string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	pom := `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>` +
		`<groupId>kops.lab</groupId><artifactId>` + id + `</artifactId><version>1</version><packaging>pom</packaging>` + body + `</project>`
	return os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(pom), 0o644)
}

func dependencies(jars []coordinate) string {
	var b strings.Builder
	for _, j := range jars {
		fmt.Fprintf(&b, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>", j.group, j.id, j.version)
	}
	return b.String()
}
