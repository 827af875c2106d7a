package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// TestDistributions holds what the playbooks install, and how, on systems that the lab has not. The facts are those that
// module setup finds on them.
func TestDistributions(t *testing.T) {
	type facts struct{ family, distribution, major string }
	const dockerCE, fromDocker = "dnf docker-ce docker-ce-cli containerd.io", "get_url https://download.docker.com/linux/"
	tests := []struct {
		name         string
		facts        facts
		docker, java []string
	}{
		{"Debian 12", facts{"Debian", "Debian", "12"}, []string{"apt docker.io iptables"}, []string{"package openjdk-17-jre-headless"}},
		{"Debian 13", facts{"Debian", "Debian", "13"}, []string{"apt docker.io iptables docker-cli"}, []string{"package openjdk-21-jre-headless"}},
		{"Ubuntu 24.04", facts{"Debian", "Ubuntu", "24"}, []string{"apt docker.io iptables"}, []string{"package openjdk-17-jre-headless"}},
		{"Amazon Linux 2", facts{"RedHat", "Amazon", "2"}, []string{"command amazon-linux-extras install -y docker"}, []string{"dnf java-17-amazon-corretto-headless"}},
		{"Amazon Linux 2023", facts{"RedHat", "Amazon", "2023"}, []string{"dnf docker"}, []string{"dnf java-17-amazon-corretto-headless"}},
		{"RHEL 9", facts{"RedHat", "RedHat", "9"}, []string{fromDocker + "rhel/docker-ce.repo", dockerCE}, []string{"package java-17-openjdk-headless"}},
		{"Rocky 9", facts{"RedHat", "Rocky", "9"}, []string{fromDocker + "centos/docker-ce.repo", dockerCE}, []string{"package java-17-openjdk-headless"}},
		{"CentOS Stream 9", facts{"RedHat", "CentOS", "9"}, []string{fromDocker + "centos/docker-ce.repo", dockerCE}, []string{"package java-17-openjdk-headless"}},
		{"AlmaLinux 10", facts{"RedHat", "AlmaLinux", "10"}, []string{fromDocker + "centos/docker-ce.repo", dockerCE}, []string{"package java-21-openjdk-headless"}},
		{"Fedora 42", facts{"RedHat", "Fedora", "42"}, []string{fromDocker + "fedora/docker-ce.repo", dockerCE}, []string{"package java-21-openjdk-headless"}},
		{"Fedora 41", facts{"RedHat", "Fedora", "41"}, []string{fromDocker + "fedora/docker-ce.repo", dockerCE}, []string{"package java-17-openjdk-headless"}},
	}
	dir := t.TempDir()
	hosts := filepath.Join(dir, "hosts.yaml")
	if err := os.WriteFile(hosts, []byte("ops: {hosts: {o1: }}\nkafka: {hosts: {k1: }}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := value.NewMap("os_family", tt.facts.family, "distribution", tt.facts.distribution, "distribution_major_version", tt.facts.major)
			for path, want := range map[string][]string{"../../playbooks/docker.yaml": tt.docker, "../../playbooks/jmx-exporter.yaml": tt.java} {
				if got := installs(t, setup{playbook: path, inventory: hosts}, f); !slices.Equal(got, want) {
					t.Errorf("%s does\n\t%s\nwant\n\t%s", filepath.Base(path), strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
				}
			}
		})
	}
}

// installs returns what the tasks that install do on a host with these facts: module, and packages, command or URL.
func installs(t *testing.T, s setup, facts *value.Map) []string {
	t.Helper()
	p := s.load(t)
	var done []string
	for _, play := range p.Plays() {
		set := (&vars.Set{}).With(vars.Facts, value.NewMap("ansible_facts", facts))
		for _, role := range play.RolesUsed {
			set = set.With(vars.RoleDefaults, role.Defaults)
		}
		scope := p.Engine().Scope(t.Context(), set, nil)
		each(play.Tasks, func(task *playbook.Task) {
			module := playbook.Short(task.Module)
			if !slices.Contains([]string{"apt", "dnf", "package", "command", "get_url"}, module) || strings.Contains(value.Str(task.Name.Value), "JMX") || !applies(t, scope, task) {
				return
			}
			what := task.FreeForm.Value
			for _, name := range []string{"name", "url"} {
				if v, ok := task.Args.Get(name); ok {
					what = v
				}
			}
			v, err := scope.Value(what)
			if err != nil {
				t.Fatal(err)
			}
			text := value.Str(v)
			if l, ok := v.(*value.List); ok {
				var names []string
				for _, item := range l.Items {
					names = append(names, value.Str(item))
				}
				text = strings.Join(names, " ")
			}
			done = append(done, fmt.Sprint(module, " ", text))
		})
	}
	return done
}

func each(entries []playbook.Entry, do func(*playbook.Task)) {
	for _, e := range entries {
		switch e := e.(type) {
		case *playbook.Task:
			do(e)
		case *playbook.Block:
			each(e.Block, do)
		}
	}
}

// applies tells whether the conditions of a task and of what it stands in hold.
func applies(t *testing.T, scope *template.Scope, task *playbook.Task) bool {
	t.Helper()
	conditions := slices.Clone(task.When)
	for b := task.Parent; b != nil; b = b.Parent {
		conditions = append(conditions, b.When...)
	}
	for _, c := range conditions {
		v, err := scope.Expression(c.Source, c.Pos)
		if err != nil {
			t.Fatal(err)
		}
		if v != true {
			return false
		}
	}
	return true
}
