package posix

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/remote"
)

// Packages answers which of the named packages are installed. Packages that are only
// configured, or whose installation broke off, are not.
func (h *Host) Packages(ctx context.Context, manager string, names ...string) (map[string]remote.Package, error) {
	var script string
	switch manager {
	case "apt":
		script = `dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${db:Status-Want} ${db:Status-Status}\n' -- ` + QuoteAll(names)
	case "dnf", "yum":
		script = `rpm -q --qf '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\tinstall installed\n' -- ` + QuoteAll(names)
	default:
		return nil, fmt.Errorf("kops cannot list the packages of %q: apt and dnf are what it knows", manager)
	}
	out := map[string]remote.Package{}
	if len(names) == 0 {
		return out, nil
	}
	res, err := h.query(ctx, "list packages", script)
	if err != nil {
		return nil, err
	}
	// 1 says that some package is not installed
	if res.ExitCode > len(names) || res.ExitCode == 126 || res.ExitCode == 127 || res.ExitCode == 2 && manager == "apt" {
		return nil, &remote.ScriptError{What: "list packages", Result: res}
	}
	for line := range strings.Lines(string(res.Stdout)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || !strings.HasSuffix(f[3], " installed") {
			continue
		}
		p := remote.Package{Name: f[0], Arch: f[1], Version: f[2], Installed: true, Held: strings.HasPrefix(f[3], "hold ")}
		for _, name := range names {
			if named(p, name) {
				out[name] = p
			}
		}
	}
	return out, nil
}

// named tells whether name asks for the package: by name, with its architecture, or with
// its version as rpm allows.
func named(p remote.Package, name string) bool {
	version := p.Version
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	short, _, _ := strings.Cut(version, "-")
	for _, n := range []string{p.Name, p.Name + ":" + p.Arch, p.Name + "." + p.Arch, p.Name + "-" + short,
		p.Name + "-" + version, p.Name + "-" + version + "." + p.Arch} {
		if n == name {
			return true
		}
	}
	return false
}
