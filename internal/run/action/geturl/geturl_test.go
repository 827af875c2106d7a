package geturl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/state"
	"kops/internal/value"
)

const body = "an archive\n"

func sum() string {
	s := sha256.Sum256([]byte(body))
	return hex.EncodeToString(s[:])
}

func TestFind(t *testing.T) {
	s := strings.Repeat("ab", 32)
	long := strings.Repeat("0123456789abcdef", 8)
	tests := []struct{ name, text, algorithm, want, err string }{
		{"gnu", "00  other\n" + s + "  x.tgz\n", "sha256", s, ""},
		{"binary, with a folder", s + " *./dist/x.tgz\n", "sha256", s, ""},
		{"bsd", "MD5 (x.tgz) = " + s[:32] + "\nSHA256 (x.tgz) = " + strings.ToUpper(s) + "\n", "sha256", s, ""},
		{"bsd, sha1 of the right length", "SHA512/256 (x.tgz) = " + s + "\n", "sha256", "", "it has no"},
		{"apache", "x.tgz: 01234567 89ABCDEF 01234567 89ABCDEF\n       01234567 89ABCDEF 01234567 89ABCDEF 01234567 89ABCDEF\n" +
			"       01234567 89ABCDEF 01234567 89ABCDEF 01234567 89ABCDEF\n", "sha512", long, ""},
		{"the sum alone", s + "\r\n", "sha256", s, ""},
		{"another algorithm's length", s[:40] + "  x.tgz\n", "sha256", "", `it has no sha256 of "x.tgz"`},
		{"not there", s + "  y.tgz\n", "sha256", "", `it has no sha256 of "x.tgz", but of y.tgz`},
		{"a page", "<html>\n", "sha256", "", "it has no checksums in a form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := find(tt.text, "x.tgz", tt.algorithm)
			if got != tt.want || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q %v", got, err)
			}
		})
	}
}

func TestGetURL(t *testing.T) {
	var requests atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if strings.HasSuffix(r.URL.Path, "sums.txt") {
			fmt.Fprintf(w, "%s  x.tgz\n", sum())
			return
		}
		fmt.Fprint(w, body)
	}))
	defer s.Close()
	other := strings.Repeat("0", 64)
	tests := []struct {
		name     string
		args     *value.Map
		setup    func(*remotetest.Host)
		path     string
		steps    int
		requests int64
		err      string
	}{
		{name: "new", args: value.NewMap("dest", "/srv/x.tgz", "checksum", "sha256:"+sum(), "mode", "0600"), path: "/srv/x.tgz", steps: 1, requests: 1},
		{name: "into a folder", args: value.NewMap("dest", "/srv", "checksum", "sha256:"+s.URL+"/sums.txt"), path: "/srv/x.tgz", steps: 1, requests: 2},
		{name: "there", args: value.NewMap("dest", "/srv/x.tgz", "checksum", "SHA256:"+strings.ToUpper(sum())), path: "/srv/x.tgz",
			setup: func(h *remotetest.Host) { h.AddFile("/srv/x.tgz", body, 0o644) }},
		{name: "there, with another mode", args: value.NewMap("dest", "/srv", "checksum", "sha256:"+sum(), "mode", "0600"), path: "/srv/x.tgz", steps: 1,
			setup: func(h *remotetest.Host) { h.AddFile("/srv/x.tgz", body, 0o644) }},
		{name: "damaged", args: value.NewMap("dest", "/srv/x.tgz", "checksum", "sha256:"+sum()), path: "/srv/x.tgz", steps: 1, requests: 1,
			setup: func(h *remotetest.Host) { h.AddFile("/srv/x.tgz", "x", 0o644) }},
		{name: "mismatch", args: value.NewMap("dest", "/srv/x.tgz", "checksum", "sha256:"+other), requests: 1, err: "checksum mismatch of "},
		{name: "no folder", args: value.NewMap("dest", "/none/x.tgz", "checksum", "sha256:"+sum()), err: "dest: the folder /none does not exist"},
		{name: "new folder", args: value.NewMap("dest", "/none/", "checksum", "sha256:"+sum()), err: "dest: the folder /none does not exist"},
		{name: "wrong checksum", args: value.NewMap("dest", "/srv", "checksum", "sha256:12"), err: "64 hexadecimal digits"},
		{name: "not a URL", args: value.NewMap("url", "x.tgz", "dest", "/srv", "checksum", "sha256:"+sum()), err: `url: "x.tgz"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests.Store(0)
			h := remotetest.New()
			h.AddDir("/srv", 0o755)
			h.OnScript = moduletest.Shell
			if tt.setup != nil {
				tt.setup(h)
			}
			if _, ok := tt.args.Get("url"); !ok {
				tt.args.Set("url", s.URL+"/dist/x.tgz")
			}
			cache := state.NewArtifacts(t.TempDir())
			c := actiontest.Call{Args: tt.args, Host: h, Change: func(e *action.Env) { e.Artifacts = cache }}
			change, result, err := c.Apply(t, New())
			if requests.Load() != tt.requests {
				t.Errorf("%d requests", requests.Load())
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				if _, left := h.Content("/srv/x.tgz"); left {
					t.Error("something was written")
				}
				return
			}
			if err != nil || len(change.Steps) != tt.steps {
				t.Fatalf("%+v %v", change, err)
			}
			if got, _ := h.Content(tt.path); got != body || result.At("dest") != tt.path {
				t.Errorf("%q, result %s", got, value.Repr(result))
			}
			if again, _, err := c.Apply(t, New()); err != nil || len(again.Steps) != 0 {
				t.Errorf("the second time: %+v %v", again, err)
			}
		})
	}
}

// noArtifacts fails a test that needs the network.
type noArtifacts struct{ t *testing.T }

func (n noArtifacts) Fetch(context.Context, state.Request) (string, error) {
	n.t.Error("a download")
	return "", nil
}

func (n noArtifacts) Text(context.Context, state.Request) ([]byte, error) {
	n.t.Error("a download")
	return nil, nil
}

func TestPlanDownloadsNothing(t *testing.T) {
	h := remotetest.New()
	out, err := actiontest.Call{Args: value.NewMap("url", "https://host/x.tgz", "dest", "/etc/x.tgz", "checksum", "sha256:"+sum()),
		Change: func(e *action.Env) { e.Artifacts = noArtifacts{t} }}.Act(t, New())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := out.Spec.Plan(t.Context(), h); err != nil || len(c.Steps) != 1 || len(h.Calls()) != 1 {
		t.Errorf("%+v %v %v", c, err, h.Calls())
	}
}

func TestHostFetches(t *testing.T) {
	for name, c := range map[string]actiontest.Call{
		"no checksum": {Args: value.NewMap("url", "https://host/x.tgz", "dest", "/etc/x.tgz")},
		"kops_fetch":  {Args: value.NewMap("url", "https://host/x.tgz", "dest", "/etc/x.tgz", "checksum", "sha256:"+sum()), Vars: value.NewMap("kops_fetch", "host")},
		"no proxy":    {Args: value.NewMap("url", "https://host/x.tgz", "dest", "/etc/x.tgz", "checksum", "sha256:"+sum(), "use_proxy", false)},
	} {
		c.Change = func(e *action.Env) { e.Artifacts = noArtifacts{t} }
		out, err := c.Act(t, New())
		if _, pushed := out.Spec.(*push); err != nil || pushed || out.Spec == nil {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
}
