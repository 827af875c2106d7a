package copy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func host(h *remotetest.Host) {
	h.AddUser("kafka", 100)
	h.AddFile("/etc/motd", "hello\n", 0o640)
	h.AddDir("/etc/kafka", 0o755)
	h.AddLink("/etc/link", "motd")
	h.OnScript = moduletest.Shell
}

func source(text, basename string) func(module.Spec) {
	return func(s module.Spec) {
		spec := s.(*Spec)
		spec.Source, spec.Basename = Content([]byte(text)), basename
	}
}

func holds(p, want string) func(*testing.T, *remotetest.Host, *value.Map) {
	return func(t *testing.T, h *remotetest.Host, _ *value.Map) {
		if got, ok := h.Content(p); !ok || got != want {
			t.Errorf("%s has %q", p, got)
		}
	}
}

func TestFile(t *testing.T) {
	args := moduletest.Args
	large := strings.Repeat("x\n", smallFile)
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "as it is", Setup: host, Args: args("content", "hello\n", "dest", "/etc/motd", "mode", "0640"), Unchanged: true,
			Check: func(t *testing.T, _ *remotetest.Host, r *value.Map) {
				if r.At("checksum") != "f572d396fae9206628714fb2ce00f72e94f2258f" || r.At("dest") != "/etc/motd" || r.At("state") != "file" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "new content", Setup: host, Args: args("content", "hi\n", "dest", "/etc/motd", "backup", true),
			CheckPlan: func(t *testing.T, c module.Change) {
				if len(c.Diffs) != 1 || c.Diffs[0].Before != "hello\n" || c.Diffs[0].After != "hi\n" || c.Effects[0].Path.Mode != 0o640 {
					t.Errorf("%+v", c)
				}
			},
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				holds("/etc/motd", "hi\n")(t, h, r)
				holds(r.String("backup_file"), "hello\n")(t, h, r)
				if r.At("mode") != "0640" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "attributes", Setup: host, Args: args("content", "hello\n", "dest", "/etc/motd", "owner", "kafka", "mode", "g+w"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("mode") != "0660" || r.At("owner") != "kafka" || len(h.Written()) != 1 {
					t.Errorf("result %v %v", r, h.Written())
				}
			}},
		{Name: "mapping", Setup: host, Args: args("content", value.NewMap("a", int64(1)), "dest", "/etc/x.json"), Check: holds("/etc/x.json", `{"a": 1}`)},
		{Name: "into a folder", Setup: host, Args: args("src", "/files/jmx.yml", "dest", "/etc/kafka"), Prepare: source("x", "jmx.yml"),
			Check: holds("/etc/kafka/jmx.yml", "x")},
		{Name: "into a new folder", Setup: host, Args: args("src", "jmx.yml", "dest", "/etc/new/", "owner", "kafka", "directory_mode", "0700"), Prepare: source("x", "jmx.yml"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				holds("/etc/new/jmx.yml", "x")(t, h, r)
				if !strings.Contains(h.Tree(), "/etc/new d--------- 0700 100:0") {
					t.Error(h.Tree())
				}
			}},
		{Name: "content into a folder", Setup: host, Args: args("content", "x", "dest", "/etc/kafka"), Err: "dest: /etc/kafka is a folder: give the path of a file"},
		{Name: "folder missing", Setup: host, Args: args("content", "x", "dest", "/none/x"), Err: "dest: the folder /none does not exist: create it before"},
		{Name: "existing is left alone", Setup: host, Args: args("content", "x", "dest", "/etc/motd", "force", false), Unchanged: true},
		{Name: "a link is replaced", Setup: host, Args: args("content", "x", "dest", "/etc/link"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				holds("/etc/link", "x")(t, h, r)
				holds("/etc/motd", "hello\n")(t, h, r)
			}},
		{Name: "a link is followed", Setup: host, Args: args("content", "x", "dest", "/etc/link", "follow", true), Check: holds("/etc/motd", "x")},
		{Name: "large", Setup: host, Args: args("src", "big", "dest", "/etc/motd"), Prepare: source(large+"y", "big"),
			CheckPlan: func(t *testing.T, c module.Change) {
				if c.Diffs[0].Before != "hello\n" {
					t.Errorf("%+v", c.Diffs)
				}
			}, Check: holds("/etc/motd", large+"y")},
		{Name: "binary", Setup: host, Args: args("src", "big", "dest", "/etc/motd", "mode", "preserve"), Prepare: source("\x00\x01", "bin"),
			CheckPlan: func(t *testing.T, c module.Change) {
				if c.Diffs[0].Note != "binary file" {
					t.Errorf("%+v", c.Diffs)
				}
			}},
		{Name: "checksum", Setup: host, Args: args("content", "x", "dest", "/etc/motd", "checksum", "abc"), Err: "checksum: the content has"},
		{Name: "validate without %s", Args: args("content", "x", "dest", "/etc/motd", "validate", "visudo"), Err: "validate: must contain %s"},
		{Name: "neither", Args: args("dest", "/etc/motd"), Err: "one of these arguments is required: src, content"},
		{Name: "disk full", Setup: func(h *remotetest.Host) {
			host(h)
			h.OnWrite = func(p string) error { return errors.New("no space left on device") }
		}, Args: args("content", "x", "dest", "/etc/motd"), Err: "no space left"},
		{Name: "remote_src", Setup: host, Args: args("src", "/etc/motd", "dest", "/etc/kafka/", "remote_src", true, "mode", "preserve"),
			Check: holds("/etc/kafka/motd", "hello\n")},
		{Name: "remote_src missing", Setup: host, Args: args("src", "/etc/none", "dest", "/etc/kafka/", "remote_src", true), Err: "src: Source /etc/none not found"},
		{Name: "remote_src folder", Setup: host, Args: args("src", "/etc/kafka", "dest", "/etc/x", "remote_src", true), Err: "takes single files"},
	})
}

func TestTree(t *testing.T) {
	args := moduletest.Args
	tree := func(name string, files int) func(module.Spec) {
		return func(s module.Spec) {
			tr := &Tree{Name: name, Entries: []Entry{{Path: "sub"}, {Path: "sub/link", Link: "0"}}}
			for i := range files {
				tr.Entries = append(tr.Entries, Entry{Path: fmt.Sprintf("sub/%d", i), Source: Content([]byte(fmt.Sprint("text ", i)))})
			}
			s.(*Spec).Tree = tr
		}
	}
	there := func(h *remotetest.Host) {
		host(h)
		h.AddLink("/srv/dash/sub/link", "0")
		for i := range 1000 {
			h.AddFile(fmt.Sprintf("/srv/dash/sub/%d", i), fmt.Sprint("text ", i), 0o644)
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "made", Setup: host, Args: args("src", "/files/dash", "dest", "/srv", "owner", "kafka", "mode", "0600", "directory_mode", "0700"), Prepare: tree("dash", 3),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				holds("/srv/dash/sub/2", "text 2")(t, h, r)
				for _, want := range []string{"/srv/dash d--------- 0700 100:0", "/srv/dash/sub/1 ---------- 0600 100:0", "/srv/dash/sub/link L"} {
					if !strings.Contains(h.Tree(), want) {
						t.Errorf("no %s in\n%s", want, h.Tree())
					}
				}
				if r.At("dest") != "/srv" || r.At("state") != "directory" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "a thousand as they are", Setup: there, Args: args("src", "dash", "dest", "/srv"), Prepare: tree("dash", 1000), Unchanged: true},
		{Name: "one differs", Setup: func(h *remotetest.Host) { there(h); h.AddFile("/srv/dash/sub/7", "x", 0o644) }, Args: args("src", "dash/", "dest", "/srv/dash"), Prepare: tree("", 1000),
			CheckPlan: func(t *testing.T, c module.Change) {
				if len(c.Steps) != 1 || len(c.Diffs) != 1 || c.Diffs[0].After != "text 7" {
					t.Errorf("%+v", c)
				}
			}},
		{Name: "one owner differs", Setup: there, Args: args("src", "dash/", "dest", "/srv/dash", "owner", "kafka"), Prepare: tree("", 1000),
			Check: func(t *testing.T, h *remotetest.Host, _ *value.Map) {
				if n := len(h.Written()); n != 1 {
					t.Errorf("%d writing round trips", n)
				}
			}},
		{Name: "file in the way", Setup: func(h *remotetest.Host) { host(h); h.AddFile("/srv/dash", "", 0o644) }, Args: args("src", "dash", "dest", "/srv"), Prepare: tree("dash", 1), Err: "/srv/dash is not a folder"},
	})
}

func TestOnDisk(t *testing.T) {
	args := moduletest.Args
	moduletest.RunOnDisk(t, New(), []moduletest.DiskCase{
		{Name: "new", Args: args("content", "é 'x'\n", "dest", "@/f", "mode", "0600"), Look: "cat f; stat -c %a f; ls -A", Want: "é 'x'\n600\nf\n"},
		{Name: "large as it is", Setup: "head -c 200000 /dev/zero >f", Args: args("src", "big", "dest", "@/f"), Unchanged: true,
			Prepare: source(strings.Repeat("\x00", 200000), "big")},
		{Name: "a link is replaced", Setup: "echo old >t; ln -s t f", Args: args("content", "x", "dest", "@/f", "backup", true), Look: "cat f t; ls -A | wc -l", Want: "xold\n3\n"},
		{Name: "refused by validate", Setup: "echo old >f; ln -s f l", Args: args("content", "x", "dest", "@/l", "validate", "grep -q good %s"), Err: "grep -q good"},
		{Name: "validated", Setup: "echo old >f", Args: args("content", "good", "dest", "@/f", "validate", "grep -q good %s"), Look: "cat f", Want: "good"},
		{Name: "remote_src", Setup: "head -c 2000000 /dev/zero >f; mkdir d", Args: args("src", "@/f", "dest", "@/d", "remote_src", true), Look: "cmp f d/f; ls -A d", Want: "f\n"},
		{Name: "remote_src of the same", Setup: "echo x >f", Args: args("src", "@/f", "dest", "@/f", "remote_src", true), Unchanged: true},
		{Name: "tree", Prepare: func(s module.Spec) {
			s.(*Spec).Tree = &Tree{Entries: []Entry{{Path: "a b"}, {Path: "a b/f", Source: Content([]byte("1"))}, {Path: "l", Link: "a b"}, {Path: "e", Source: Content(nil)}}}
		}, Args: args("src", "d/", "dest", "@/new/deep/"), Look: "cat 'new/deep/l/f'; ls -A new/deep", Want: "1a b\ne\nl\n"},
	})
}
