package file

import (
	"context"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// tree makes a host of a few files: /srv/kafka (a folder of kafka's with a file and a link
// in it), /srv/current (a link to it), /etc/motd.
func tree(h *remotetest.Host) {
	h.AddUser("kafka", 100)
	h.AddDir("/srv/kafka", 0o755)
	h.AddFile("/srv/kafka/log", "x", 0o640)
	h.AddLink("/srv/kafka/link", "log")
	h.AddLink("/srv/current", "kafka")
	h.AddFile("/etc/motd", "hello\n", 0o644)
	h.Chown("/srv/kafka", 100, 100)
	h.OnScript = moduletest.Shell
}

func look(t *testing.T, h *remotetest.Host, p string) remote.File {
	t.Helper()
	files, err := h.Files(context.Background(), remote.FileQuery{Path: p})
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

func expect(p string, check func(f remote.File) bool) func(*testing.T, *remotetest.Host, *value.Map) {
	return func(t *testing.T, h *remotetest.Host, _ *value.Map) {
		if f := look(t, h, p); !check(f) {
			t.Errorf("%s is %+v", p, f)
		}
	}
}

func TestDirectory(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: tree, Args: args("path", "/srv/kafka", "state", "directory", "owner", "kafka", "mode", "0755"), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("state") != "directory" || r.At("mode") != "0755" || r.At("uid") != int64(100) || r.At("path") != "/srv/kafka" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "made with all above it", Setup: tree, Args: args("path", "/var/log/kafka", "state", "directory", "owner", "kafka", "group", "kafka", "mode", "u=rwx,go="),
			CheckPlan: func(t *testing.T, c module.Change) {
				if len(c.Effects) != 3 || c.Effects[0].Path.Path != "/var" {
					t.Errorf("effects %+v", c.Effects)
				}
			},
			Check: expect("/var/log", func(f remote.File) bool { return f.IsDir() && f.Mode == 0o700 && f.Owner == "kafka" })},
		{Name: "owner and mode", Setup: tree, Args: args("path", "/srv/kafka/", "state", "directory", "owner", "root", "mode", "2755"),
			Check: expect("/srv/kafka", func(f remote.File) bool { return f.Owner == "root" && f.Mode == 0o2755 })},
		{Name: "through a link", Setup: tree, Args: args("path", "/srv/current", "state", "directory", "mode", "0700"),
			CheckPlan: func(t *testing.T, c module.Change) {
				if want := "mode: 0700\n"; len(c.Diffs) != 1 || c.Diffs[0].After != want {
					t.Errorf("diffs %+v", c.Diffs)
				}
			}, Check: expect("/srv/current", func(f remote.File) bool { return f.IsLink() }), Repeats: true},
		{Name: "file in the way", Setup: tree, Args: args("path", "/etc/motd", "state", "directory"), Err: "already exists as a file"},
		{Name: "file above", Setup: tree, Args: args("path", "/etc/motd/x", "state", "directory"), Err: "/etc/motd is a file"},
		{Name: "no such user", Setup: tree, Args: args("path", "/x", "state", "directory", "owner", "kafak"), Err: `owner: there is no user "kafak"`},
		{Name: "recurse with touch", Args: args("path", "/x", "recurse", true, "state", "touch"), Err: "recurse: needs state: directory"},
	})
}

func TestFileAndTouch(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "absent already", Args: args("name", "/x", "state", "absent"), Unchanged: true},
		{Name: "absent", Setup: tree, Args: args("name", "/srv/kafka", "state", "absent"),
			Check: expect("/srv/kafka/log", func(f remote.File) bool { return !f.Exists })},
		{Name: "absent link", Setup: tree, Args: args("name", "/srv/current", "state", "absent"),
			Check: expect("/srv/kafka/log", func(f remote.File) bool { return f.Exists })},
		{Name: "all", Args: args("path", "/", "state", "absent"), Err: "/ is not removed"},
		{Name: "attributes without state", Setup: tree, Args: args("dest", "/etc/motd", "mode", "0600"),
			Check: expect("/etc/motd", func(f remote.File) bool { return f.Mode == 0o600 })},
		{Name: "as it is", Setup: tree, Args: args("dest", "/etc/motd", "mode", int64(0o644)), Unchanged: true},
		{Name: "missing", Args: args("path", "/x"), Err: "file (/x) is absent, cannot continue"},
		{Name: "folder where a file is asked for", Setup: tree, Args: args("path", "/srv/kafka", "state", "file"), Err: "is directory, cannot continue"},
		{Name: "touch makes", Setup: tree, Args: args("path", "/etc/new", "state", "touch", "owner", "kafka", "mode", "0600"), Repeats: true,
			Check: expect("/etc/new", func(f remote.File) bool { return f.IsRegular() && f.Owner == "kafka" && f.Mode == 0o600 })},
		{Name: "touch once", Setup: tree, Args: args("path", "/etc/new", "state", "touch", "access_time", "preserve", "modification_time", "preserve"),
			Check: expect("/etc/new", remote.File.IsRegular)},
		{Name: "touch without folder", Args: args("path", "/none/new", "state", "touch"), Err: "the folder /none does not exist"},
		{Name: "relative", Args: args("path", "new", "state", "touch"), Err: "path: \"new\" is not an absolute path"},
		{Name: "format of times", Args: args("path", "/x", "access_time_format", "%Y"), Err: "access_time_format: not supported"},
	})
}

func TestLinks(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: tree, Args: args("path", "/srv/current", "src", "kafka", "state", "link"), Unchanged: true,
			Check: func(t *testing.T, _ *remotetest.Host, r *value.Map) {
				if r.At("dest") != "/srv/current" || r.At("src") != "kafka" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "made", Setup: tree, Args: args("dest", "/etc/kafka", "src", "/srv/kafka", "state", "link"),
			Check: expect("/etc/kafka", func(f remote.File) bool { return f.Link == "/srv/kafka" })},
		{Name: "replaced", Setup: tree, Args: args("dest", "/srv/current", "src", "/etc", "state", "link", "follow", false, "owner", "kafka"),
			Check: expect("/srv/current", func(f remote.File) bool { return f.Link == "/etc" && f.Owner == "kafka" })},
		{Name: "to nothing", Setup: tree, Args: args("dest", "/srv/x", "src", "none", "state", "link"), Err: "src: /srv/none does not exist: use force"},
		{Name: "to nothing, forced", Setup: tree, Args: args("dest", "/srv/x", "src", "none", "state", "link", "force", true),
			Check: expect("/srv/x", func(f remote.File) bool { return f.Link == "none" })},
		{Name: "file in the way", Setup: tree, Args: args("dest", "/etc/motd", "src", "/srv", "state", "link"), Err: "refusing to convert from file to symlink"},
		{Name: "file in the way, forced", Setup: tree, Args: args("dest", "/etc/motd", "src", "/srv", "state", "link", "force", true),
			Check: expect("/etc/motd", func(f remote.File) bool { return f.Link == "/srv" })},
		{Name: "full folder in the way", Setup: tree, Args: args("dest", "/srv/kafka", "src", "/etc", "state", "link", "force", true), Err: "is not empty"},
		{Name: "without src", Args: args("dest", "/x", "state", "link"), Err: "src: is required"},
		{Name: "hard, without src", Args: args("dest", "/x", "state", "hard"), Err: "src: is required"},
		{Name: "hard, in the way", Setup: tree, Args: args("dest", "/etc/motd", "src", "/srv/kafka/log", "state", "hard"), Err: "Cannot link, file exists"},
		{Name: "hard", Setup: tree, Args: args("dest", "/etc/log", "src", "/srv/kafka/log", "state", "hard", "force", true), Repeats: true,
			Check: expect("/etc/log", remote.File.IsRegular)},
	})
}

func TestOnDisk(t *testing.T) {
	args := moduletest.Args
	const some = "mkdir -p d/sub; echo x >d/f; echo y >'d/sub/a b'; ln -s ../t d/link; echo t >t; chmod 644 d/f d/sub/* t; chmod 755 d d/sub"
	const modes = "find d t -printf '%p %m\\n' | grep -v link | sort"
	moduletest.RunOnDisk(t, New(), []moduletest.DiskCase{
		{Name: "recurse", Setup: some, Args: args("path", "@/d", "recurse", true, "follow", false, "mode", "u=rwX,go="), Look: modes,
			Want: "d 700\nd/f 600\nd/sub 700\nd/sub/a b 600\nt 644\n"},
		{Name: "recurse through links", Setup: some, Args: args("path", "@/d", "recurse", true, "mode", "u=rwX,go="), Look: modes,
			Want: "d 700\nd/f 600\nd/sub 700\nd/sub/a b 600\nt 600\n"},
		{Name: "recurse finds nothing", Setup: some, Args: args("path", "@/d", "recurse", true, "state", "directory", "mode", "a+r"), Unchanged: true},
		{Name: "recurse makes", Args: args("path", "@/new/er", "recurse", true, "state", "directory", "mode", "0711"),
			Look: "stat -c %a new new/er", Want: "711\n711\n"},
		{Name: "replace a link to a folder", Setup: some + "; ln -s d l", Args: args("path", "@/l", "src", "d/sub", "state", "link"),
			Look: "readlink l; ls -A d .", Want: "d/sub\n.:\nd\nl\nt\n\nd:\nf\nlink\nsub\n"},
		{Name: "replace an empty folder", Setup: "mkdir l d", Args: args("path", "@/l", "src", "@/d", "state", "link", "force", true),
			Look: "readlink l", Want: "@/d\n"},
		{Name: "hard", Setup: some, Args: args("path", "@/h", "src", "@/t", "state", "hard"), Look: "stat -c %h h", Want: "2\n"},
		{Name: "hard, replaced", Setup: some, Args: args("path", "@/d/f", "src", "@/t", "state", "hard", "force", true), Look: "cat d/f", Want: "t\n"},
		{Name: "touch", Setup: "touch -d '2020-01-01 UTC' f", Args: args("path", "@/f", "state", "touch", "modification_time", "preserve"),
			Repeats: true, Look: "stat -c %Y f", Want: "1577836800\n"},
		{Name: "a path for which a shell has other uses", Args: args("path", "@/a'b $(c)\n`d`", "state", "directory"),
			Look: "ls -b", Want: "a'b\\ $(c)\\n`d`\n"},
	})
}
