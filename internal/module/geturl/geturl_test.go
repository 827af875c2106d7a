package geturl

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

const sum = "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0" // of "aaa"

func server(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("aaa")) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/file", http.StatusFound) })
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "me" || password != `p"w\d` || r.Header.Get("X-Team") != "ops" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write([]byte("secret"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestOnDisk(t *testing.T) {
	args := moduletest.Args
	at := server(t)
	moduletest.RunOnDisk(t, New(), []moduletest.DiskCase{
		{Name: "new", Setup: "umask 022", Args: args("url", at+"/file", "dest", "@/f", "mode", "0640"), Look: "cat f; stat -c ' %a' f; ls -A", Want: "aaa 640\nf\n",
			Check: func(t *testing.T, dir string, r *value.Map) {
				if r.At("status_code") != int64(200) || r.At("dest") != dir+"/f" || r.At("mode") != "0640" || r.At("msg") != "OK (3 bytes)" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "into a folder, redirected", Setup: "mkdir d", Args: args("url", at+"/moved", "dest", "@/d"), Look: "cat d/moved", Want: "aaa"},
		{Name: "verified", Args: args("url", at+"/file", "dest", "@/f", "checksum", sum), Look: "cat f", Want: "aaa"},
		{Name: "not what the checksum says", Args: args("url", at+"/file", "dest", "@/f", "checksum", strings.Replace(sum, "9", "8", 1)), Err: "it was 9834876d"},
		{Name: "another file is there", Setup: "echo old >f; chmod 604 f", Args: args("url", at+"/file", "dest", "@/f", "checksum", sum, "backup", true),
			Look: "cat f; stat -c ' %a' f; ls -A | wc -l", Want: "aaa 604\n2\n"},
		{Name: "forced", Setup: "echo old >t; ln -s t f", Args: args("url", at+"/file", "dest", "@/f", "force", true), Repeats: true, Look: "cat t; ls -A", Want: "aaaf\nt\n"},
		{Name: "forced, and the same", Setup: "printf aaa >f", Args: args("url", at+"/file", "dest", "@/f", "force", true), Repeats: true, Look: "ls -A", Want: "f\n"},
		{Name: "credentials and headers", Args: args("url", at+"/private", "dest", "@/f", "url_username", "me", "url_password", `p"w\d`, "headers", value.NewMap("X-Team", "ops")),
			Look: "cat f", Want: "secret"},
		{Name: "status", Args: args("url", at+"/none", "dest", "@/f"), Err: "HTTP Error 404: Not Found"},
		{Name: "refused", Args: args("url", "http://127.0.0.1:1/x", "dest", "@/f"), Err: "download http://127.0.0.1:1/x"},
		{Name: "there", Setup: "echo old >f; chmod 644 f", Args: args("url", at+"/file", "dest", "@/f", "mode", "0644"), Unchanged: true},
		{Name: "there, another mode", Setup: "echo old >f", Args: args("url", at+"/file", "dest", "@/f", "mode", "0600"), Look: "stat -c %a f", Want: "600\n"},
		{Name: "as the checksum says", Setup: "printf aaa >f", Args: args("url", "http://127.0.0.1:1/x", "dest", "@/f", "checksum", sum), Unchanged: true},
	})
}

func TestArguments(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "no folder", Args: args("url", "http://a/x", "dest", "/none/x"), Err: "dest: the folder /none does not exist"},
		{Name: "no file in the URL", Args: args("url", "http://a/", "dest", "/etc"), Err: "the URL names no file"},
		{Name: "scheme", Args: args("url", "s3://a/x", "dest", "/etc/x"), Err: "url: \"s3://a/x\" has a scheme other"},
		{Name: "no URL", Args: args("url", "x", "dest", "/etc/x"), Err: "url: \"x\" is not the address"},
		{Name: "checksum without algorithm", Args: args("url", "http://a/x", "dest", "/etc/x", "checksum", "abc"), Err: "checksum: The checksum parameter has to be"},
		{Name: "short checksum", Args: args("url", "http://a/x", "dest", "/etc/x", "checksum", "sha256:abc"), Err: "checksum: The checksum format is invalid"},
		{Name: "algorithm", Args: args("url", "http://a/x", "dest", "/etc/x", "checksum", "crc:abc"), Err: "checksum: \"crc\" is not an algorithm"},
		{Name: "existing folder in the way", Setup: func(h *remotetest.Host) { h.AddDir("/etc/x", 0o755) }, Args: args("url", "http://a/x", "dest", "/etc"), Err: "dest: /etc/x is not a regular file"},
	})
}

func TestPush(t *testing.T) {
	args := moduletest.Args
	hex := strings.TrimPrefix(sum, "sha256:")
	fetched := 0
	prepare := func(s module.Spec) {
		spec := s.(*Spec)
		spec.Digest.Algorithm, spec.Digest.Hex = "sha256", hex
		spec.Fetch = func(context.Context) (io.ReadCloser, int64, error) {
			fetched++
			return io.NopCloser(strings.NewReader("aaa")), 3, nil
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: func(h *remotetest.Host) { h.AddFile("/etc/x", "aaa", 0o644) }, Prepare: prepare, Unchanged: true,
			Args: args("url", "http://a/x", "dest", "/etc", "checksum", "sha256:http://a/sums")},
		{Name: "pushed", Prepare: prepare, Args: args("url", "http://a/x", "dest", "/etc/x", "checksum", "sha256:http://a/sums", "mode", "0600"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if got, _ := h.Content("/etc/x"); got != "aaa" || r.At("mode") != "0600" || fetched != 1 {
					t.Errorf("%q, fetched %d times, %v", got, fetched, r)
				}
			}},
		{Name: "file of checksums without the controller", Args: args("url", "http://a/x", "dest", "/etc/x", "checksum", "sha256:http://a/sums"), Err: "checksum: the address of a file of checksums"},
	})
}

func TestSecretsStayOutOfCommands(t *testing.T) {
	f := fetch{Spec: &Spec{URL: "http://me:pw@a/x", Username: "me", Password: "pw"}}
	if !f.needsCurl() || strings.Contains(f.redacted(), "pw") {
		t.Errorf("%v %s", f.needsCurl(), f.redacted())
	}
}

func TestWgetStatus(t *testing.T) {
	if got := wgetStatus("  HTTP/1.1 302 Found\n  Location: /x\n  HTTP/1.1 404 Not Found\n"); got != 404 {
		t.Errorf("got %d", got)
	}
}
