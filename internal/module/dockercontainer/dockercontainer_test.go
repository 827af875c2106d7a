package dockercontainer

import (
	"slices"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/dockerapi/dockertest"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// prometheus are arguments as the monitoring playbook gives them.
func prometheus(kv ...value.Value) *value.Map {
	return moduletest.Args("name", "prometheus", "image", "prom/prometheus:v2", "network_mode", "host", "restart_policy", "unless-stopped",
		"volumes", value.NewList("/etc/prometheus:/etc/prometheus:ro", "data:/prometheus"),
		"command", value.NewList("--config.file=/etc/prometheus/prometheus.yml"),
		"env", value.NewMap("TOKEN", "s3cret-value"), "labels", value.NewMap("tier", "ops")).Merge(moduletest.Args(kv...))
}

// made is an engine in which the container of prometheus() runs, after change.
func made(t *testing.T, engine **dockertest.Engine, change func(*dockertest.Engine)) func(*remotetest.Host) {
	return func(h *remotetest.Host) {
		e := dockertest.New(t)
		*engine = e
		h.OnDial = e.Dial
		e.Images["prom/prometheus:v2"] = dockertest.Image("2", "PATH=/bin")
		e.Registry["prom/prometheus:v2"] = dockertest.Image("2", "PATH=/bin")
		e.Registry["prom/prometheus:v3"] = dockertest.Image("3", "PATH=/bin")
		spec, errs := New().Decode(prometheus())
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		plan, err := spec.Plan(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan.Steps {
			if _, err := step.Do(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		e.Calls = nil
		if change != nil {
			change(e)
		}
		h.ForgetCalls()
	}
}

func TestModule(t *testing.T) {
	var engine *dockertest.Engine
	running := func(change func(*dockertest.Engine)) func(*remotetest.Host) { return made(t, &engine, change) }
	calls := func(want ...string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, _ *remotetest.Host, _ *value.Map) {
			if !slices.Equal(engine.Calls, want) {
				t.Errorf("calls %q, want %q", engine.Calls, want)
			}
			if len(engine.Containers) > 1 {
				t.Errorf("%d containers are left", len(engine.Containers))
			}
		}
	}
	replaced := calls("rename prometheus", "create prometheus", "stop prometheus-kops-previous", "start prometheus", "remove prometheus-kops-previous")
	differs := func(want ...string) func(*testing.T, module.Change) {
		return func(t *testing.T, c module.Change) {
			list, _ := c.Result.At("differences").(*value.List)
			var got []string
			for _, item := range list.Items {
				got = append(got, value.Str(item))
			}
			if !slices.Equal(got, want) {
				t.Errorf("differences %q, want %q", got, want)
			}
			for _, d := range c.Diffs {
				if strings.Contains(d.Before+d.After, "s3cret") || strings.Contains(d.Before+d.After, "0ther") {
					t.Errorf("the diff shows a secret: %+v", d)
				}
			}
		}
	}
	remove := func(e *dockertest.Engine) { delete(e.Containers, "prometheus") }
	stop := func(e *dockertest.Engine) { e.Containers["prometheus"].State.Running = false }
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "create", Setup: running(remove), Args: prometheus(), Check: calls("create prometheus", "start prometheus")},
		{Name: "create without starting", Setup: running(remove), Args: prometheus("state", "present"), Check: calls("create prometheus")},
		{Name: "pull first", Setup: running(func(e *dockertest.Engine) { remove(e); clear(e.Images) }), Args: prometheus(),
			Check: calls("pull prom/prometheus:v2", "create prometheus", "start prometheus")},
		{Name: "never pull", Setup: running(func(e *dockertest.Engine) { clear(e.Images) }), Args: prometheus("pull", "never"), Err: "pull is never"},
		{Name: "as it should be", Setup: running(nil), Args: prometheus(), Unchanged: true},
		{Name: "more than is asked for", Setup: running(nil), Unchanged: true,
			Args: moduletest.Args("name", "prometheus", "image", "prom/prometheus:v2", "volumes", "data:/prometheus:rw", "env", value.NewMap())},
		{Name: "more than is asked for, strict", Setup: running(nil), Check: replaced, CheckPlan: differs("env", "labels", "volumes"),
			Args: prometheus("volumes", "data:/prometheus", "env", value.NewMap("A", "1"), "labels", value.NewMap(), "comparisons", value.NewMap("*", "strict", "networks", "ignore"))},
		{Name: "ignored", Setup: running(nil), Args: prometheus("env", value.NewMap("A", "1"), "comparisons", value.NewMap("env", "ignore")), Unchanged: true},
		{Name: "another command", Setup: running(nil), Args: prometheus("command", "--web.enable-lifecycle '--a=b c'"), Check: replaced, CheckPlan: differs("command")},
		{Name: "another secret", Setup: running(nil), Args: prometheus("env", value.NewMap("TOKEN", "0ther")), Check: replaced, CheckPlan: differs("env")},
		{Name: "another image", Setup: running(nil), Args: prometheus("image", "prom/prometheus:v3"), CheckPlan: differs("image"),
			Check: calls("pull prom/prometheus:v3", "rename prometheus", "create prometheus", "stop prometheus-kops-previous", "start prometheus", "remove prometheus-kops-previous")},
		{Name: "a newer image under the same name", Setup: running(func(e *dockertest.Engine) { e.Registry["prom/prometheus:v2"] = dockertest.Image("22") }),
			Args: prometheus("pull", "always"), Check: calls("pull prom/prometheus:v2", "rename prometheus", "create prometheus",
				"stop prometheus-kops-previous", "start prometheus", "remove prometheus-kops-previous")},
		{Name: "restart policy and memory in place", Setup: running(nil), Args: prometheus("restart_policy", "always", "memory", "1g"),
			Check: calls("update prometheus"), CheckPlan: differs("restart_policy", "memory")},
		{Name: "start", Setup: running(stop), Args: prometheus(), Check: calls("start prometheus")},
		{Name: "stop", Setup: running(nil), Args: prometheus("state", "stopped"), Check: calls("stop prometheus")},
		{Name: "restart", Setup: running(nil), Args: prometheus("restart", true), Repeats: true, Check: calls("restart prometheus")},
		{Name: "recreate", Setup: running(nil), Args: prometheus("recreate", true), Repeats: true, Check: replaced},
		{Name: "remove", Setup: running(nil), Args: moduletest.Args("name", "prometheus", "state", "absent"), Check: calls("stop prometheus", "remove prometheus")},
		{Name: "gone", Setup: running(remove), Args: moduletest.Args("name", "prometheus", "state", "absent"), Unchanged: true},
		{Name: "the old container comes back", Setup: running(func(e *dockertest.Engine) { e.Refuse["start prometheus"] = "port is already allocated" }),
			Args: prometheus("user", "0"), Err: "port is already allocated"},
		{Name: "cannot be created", Setup: running(func(e *dockertest.Engine) { e.Refuse["create prometheus"] = "bad mount" }),
			Args: prometheus("user", "0"), Err: "bad mount; the container before it is back"},
		{Name: "Docker does not run", Args: prometheus(), Err: "Docker is not running on this host"},
	})
}

func TestBadArguments(t *testing.T) {
	tests := []struct {
		name, err string
		args      []value.Value
	}{
		{"a blank for a colon", `volumes: "/opt/prometheus /etc/prometheus" has a space where a colon belongs: write "/opt/prometheus:/etc/prometheus"`,
			[]value.Value{"volumes", value.NewList("/opt/prometheus /etc/prometheus")}},
		{"a relative path", `neither an absolute path`, []value.Value{"volumes", value.NewList("./a:/b")}},
		{"no target", `volumes: "data" is not`, []value.Value{"volumes", value.NewList("data")}},
		{"a bad mode", `"readonly" is not one of`, []value.Value{"volumes", value.NewList("/a:/b:readonly")}},
		{"ports in the host's network", "published_ports: 9090:9090 cannot be published with network_mode host",
			[]value.Value{"network_mode", "host", "ports", value.NewList("9090:9090")}},
		{"a bad port", "published_ports: ", []value.Value{"ports", value.NewList("99999")}},
		{"a bad range", "published_ports: ", []value.Value{"ports", value.NewList("1-3:1-2")}},
		{"a bad size", "memory: ", []value.Value{"memory", "much"}},
		{"a boolean in env", "env: DEBUG is the boolean true", []value.Value{"env", value.NewMap("DEBUG", true)}},
		{"an open quote", "command: ", []value.Value{"command", "sh -c 'x"}},
		{"a bad test", "healthcheck: ", []value.Value{"healthcheck", value.NewMap("interval", "1s")}},
		{"a bad duration", "healthcheck: ", []value.Value{"healthcheck", value.NewMap("test", "x", "interval", "soon")}},
		{"an unknown comparison", "comparisons: ", []value.Value{"comparisons", value.NewMap("enw", "strict")}},
		{"a bad comparison", "comparisons: env", []value.Value{"comparisons", value.NewMap("env", "loose")}},
		{"a bad network", "networks: ", []value.Value{"networks", value.NewList(value.NewMap("alias", "x"))}},
		{"a bad limit", "ulimits: ", []value.Value{"ulimits", value.NewList("nofile")}},
		{"a bad address", "dns_servers: ", []value.Value{"dns_servers", value.NewList("dns")}},
		{"waiting", "detach: ", []value.Value{"detach", false}},
		{"retries", "restart_retries: ", []value.Value{"restart_policy", "always", "restart_retries", int64(3)}},
		{"mounts", "mounts", []value.Value{"mounts", value.NewList()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := moduletest.Args("name", "x", "image", "y").Merge(moduletest.Args(tt.args...))
			_, errs := New().Decode(args)
			if len(errs) == 0 || !strings.Contains(errs[0].Error(), tt.err) {
				t.Errorf("errors %v, want %q", errs, tt.err)
			}
		})
	}
}

func TestParsePorts(t *testing.T) {
	tests := []struct {
		text string
		want []string // address:port->inside
	}{
		{"9090", []string{"0.0.0.0:->9090/tcp"}},
		{"9090:80", []string{"0.0.0.0:9090->80/tcp"}},
		{"127.0.0.1:9090:80/udp", []string{"127.0.0.1:9090->80/udp"}},
		{"[::1]:9090:80", []string{"::1:9090->80/tcp"}},
		{"127.0.0.1::80", []string{"127.0.0.1:->80/tcp"}},
		{"8000-8001:80-81", []string{"0.0.0.0:8000->80/tcp", "0.0.0.0:8001->81/tcp"}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			ports, err := parsePorts(tt.text, "0.0.0.0")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range ports {
				got = append(got, p.binding.HostIP.String()+":"+p.binding.HostPort+"->"+p.port.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
