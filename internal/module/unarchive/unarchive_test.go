package unarchive

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

// pack is a script that makes an archive of a small folder: kafka/bin/run (0755), a link, a
// file with a space in its name, an empty folder.
const pack = "umask 022; mkdir -p in/kafka/bin in/kafka/empty; echo run >in/kafka/bin/run; chmod 755 in/kafka/bin/run; echo a >'in/kafka/a b'; ln -s bin/run in/kafka/link; " +
	"touch -d '2024-03-01 12:00 UTC' in/kafka/bin/run 'in/kafka/a b'; mkdir out; "

type disk string

func (d disk) Open() (io.ReadCloser, error) { return os.Open(string(d)) }
func (d disk) Size() int64 {
	info, err := os.Stat(string(d))
	if err != nil {
		return 0
	}
	return info.Size()
}

// controller packs an archive and hands it to the Spec as the action does.
func controller(t *testing.T, command string) func(module.Spec) {
	dir := t.TempDir()
	cmd := exec.Command("/bin/sh", "-ec", pack+command)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return func(s module.Spec) { s.(*Spec).Archive = disk(filepath.Join(dir, "x")) }
}

const look = "cd out; find . ! -name . -printf '%P %y %m\\n' | sort"

const unpacked = "kafka d 755\nkafka/a b f 644\nkafka/bin d 755\nkafka/bin/run f 755\nkafka/empty d 755\nkafka/link l 777\n"

func TestControllerArchive(t *testing.T) {
	args := moduletest.Args
	tgz := controller(t, "tar -C in -czf x kafka")
	moduletest.RunOnDisk(t, New(), []moduletest.DiskCase{
		{Name: "tar.gz", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out", "list_files", true), Prepare: tgz, Look: look, Want: unpacked,
			Check: func(t *testing.T, dir string, r *value.Map) {
				if r.At("handler") != "TgzArchive" || r.At("dest") != dir+"/out" || r.At("files").(*value.List).Len() != 6 {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "tar", Setup: "mkdir out", Args: args("src", "x.tar", "dest", "@/out"), Prepare: controller(t, "tar -C in -cf x ./kafka"), Look: look, Want: unpacked},
		{Name: "tar.bz2", Setup: "mkdir out", Args: args("src", "x.tbz", "dest", "@/out"), Prepare: controller(t, "tar -C in -cjf x kafka"), Look: look, Want: unpacked},
		{Name: "tar.xz", Setup: "mkdir out", Args: args("src", "x.txz", "dest", "@/out"), Prepare: controller(t, "tar -C in -cJf x kafka"), Repeats: true, Look: look, Want: unpacked},
		{Name: "zip", Setup: "mkdir out", Args: args("src", "x.zip", "dest", "@/out", "owner", "nobody"), Prepare: controller(t, "cd in; zip -qry ../x.zip kafka; mv ../x.zip ../x"), Look: look, Want: unpacked},
		{Name: "zip, a changed file", Setup: pack + "cp -a in/kafka out; echo RUN >out/kafka/bin/run", Args: args("src", "x.zip", "dest", "@/out"),
			Prepare: controller(t, "cd in; zip -qry ../x.zip kafka; mv ../x.zip ../x"), Look: "cat out/kafka/bin/run", Want: "run\n"},
		{Name: "strip, owner and mode", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out", "extra_opts", value.NewList("--strip-components=1"), "owner", "nobody", "mode", "u=rwX,go="),
			Prepare: tgz, Look: "cd out; stat -c '%n %U %a' bin/run 'a b' bin link", Want: "bin/run nobody 700\na b nobody 600\nbin nobody 700\nlink nobody 777\n"},
		{Name: "exclude", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out", "exclude", "bin,a*"), Prepare: tgz, Look: look,
			Want: "kafka d 755\nkafka/empty d 755\nkafka/link l 777\n"},
		{Name: "include", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out", "include", "kafka/bin"), Prepare: tgz, Look: look,
			Want: "kafka d 755\nkafka/bin d 755\nkafka/bin/run f 755\n"},
		{Name: "another transformation", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out", "extra_opts", "--transform=s/kafka/k/"), Prepare: tgz, Repeats: true,
			Look: "cat out/k/bin/run", Want: "run\n"},
		{Name: "created", Setup: "mkdir -p out/kafka", Args: args("src", "x.tgz", "dest", "@/out", "creates", "@/out/kafka"), Prepare: tgz, Unchanged: true},
		{Name: "a changed file", Setup: pack + "cp -a in/kafka out; echo RUN >out/kafka/bin/run", Args: args("src", "x.tgz", "dest", "@/out"), Prepare: tgz, Look: "cat out/kafka/bin/run", Want: "run\n"},
		{Name: "there", Setup: pack + "cp -a in/kafka out", Args: args("src", "x.tgz", "dest", "@/out", "owner", "0"), Prepare: tgz, Unchanged: true},
		{Name: "newer is kept", Setup: pack + "cp -a in/kafka out; echo RUN >out/kafka/bin/run", Args: args("src", "x.tgz", "dest", "@/out", "keep_newer", true), Prepare: tgz, Unchanged: true, Look: "cat out/kafka/bin/run", Want: "RUN\n"},
		{Name: "no folder", Args: args("src", "x.tgz", "dest", "@/out"), Prepare: tgz, Err: "dest: Destination '@/out' is not a directory"},
		{Name: "no archive", Setup: "mkdir out", Args: args("src", "x.txt", "dest", "@/out"), Prepare: controller(t, "echo hello >x"), Err: "src: x.txt: it is no archive that kops knows"},
		{Name: "damaged", Setup: "mkdir out", Args: args("src", "x.tgz", "dest", "@/out"), Prepare: controller(t, "tar -C in -czf y kafka; head -c 100 y >x"), Err: "src: x.tgz: the archive is damaged"},
		{Name: "empty", Setup: "mkdir out", Args: args("src", "x", "dest", "@/out"), Prepare: controller(t, ": >x"), Err: "the file is 0 bytes"},
		{Name: "leaves the folder", Setup: "mkdir out", Args: args("src", "x", "dest", "@/out"), Prepare: controller(t, "touch evil; cd in; tar -P -cf ../x ../evil"), Err: "leaves the folder"},
		{Name: "URL", Args: args("src", "https://example.org/x.tgz", "dest", "/x"), Err: "src: https://example.org/x.tgz is a URL"},
	})
}

func TestHostArchive(t *testing.T) {
	args := moduletest.Args
	moduletest.RunOnDisk(t, New(), []moduletest.DiskCase{
		{Name: "tar.gz", Setup: pack + "tar -C in -czf x kafka", Args: args("src", "@/x", "dest", "@/out", "remote_src", true, "list_files", true), Look: look, Want: unpacked,
			Check: func(t *testing.T, _ string, r *value.Map) {
				if r.At("files").(*value.List).Len() != 6 {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "strip", Setup: pack + "tar -C in -cf x kafka", Args: args("src", "@/x", "dest", "@/out", "remote_src", true, "extra_opts", "--strip-components=1"), Look: "cat out/bin/run", Want: "run\n"},
		{Name: "zip", Setup: pack + "cd in; zip -qry ../x.zip kafka", Args: args("src", "@/x.zip", "dest", "@/out", "remote_src", true, "exclude", "kafka/a*"), Look: "cat out/kafka/bin/run; ls out/kafka", Want: "run\nbin\nempty\nlink\n"},
		{Name: "there", Setup: pack + "tar -C in -cf x kafka; cp -a in/kafka out", Args: args("src", "@/x", "dest", "@/out", "remote_src", true), Unchanged: true},
		{Name: "created", Setup: "mkdir out", Args: args("src", "@/x", "dest", "@/out", "remote_src", true, "creates", "@/out"), Unchanged: true},
		{Name: "missing", Setup: "mkdir out", Args: args("src", "@/x", "dest", "@/out", "remote_src", true), Err: "src: Source '@/x' does not exist"},
		{Name: "no folder", Setup: "echo x >x", Args: args("src", "@/x", "dest", "@/out", "remote_src", true), Err: "is not a directory"},
		{Name: "no archive", Setup: "mkdir out; seq 1000 >x", Args: args("src", "@/x", "dest", "@/out", "remote_src", true), Err: "tar"},
	})
}

func TestDifferences(t *testing.T) {
	const out = "kafka/run: Mod time differs\nkafka/run: Mode differs\nkafka/run: Uid differs\ntar: kafka/x: Warning: Cannot stat: No such file or directory\n" +
		"tar: Removing leading `/' from member names\n"
	j := job{Spec: &Spec{}}
	if got := strings.Join(j.differences(out, false), "\n"); strings.Count(got, "\n") != 1 {
		t.Errorf("as a user: %s", got)
	}
	if got := j.differences(out, true); len(got) != 4 {
		t.Errorf("as root: %s", got)
	}
	j.Owner = "kafka"
	if got := j.differences(out, true); len(got) != 3 {
		t.Errorf("with an owner: %s", got)
	}
}

func TestDetect(t *testing.T) {
	for want, head := range map[Format]string{TarGzip: "\x1f\x8b\x08", TarXz: "\xfd7zXZ\x00", TarZstd: "\x28\xb5\x2f\xfd", Zip: "PK\x03\x04", Tar: string(bytes.Repeat([]byte{0}, 257)) + "ustar\x00 "} {
		if got, err := detect([]byte(head)); err != nil || got != want {
			t.Errorf("%q: %v %v", head, got, err)
		}
	}
}

func TestFirstComplaints(t *testing.T) {
	for said, want := range map[string]string{
		"":                           "",
		"a\nb\n":                     "a\nb",
		"1\n2\n3\n4\n5\n6\n7\nend\n": "1\n2\n3\n4\n5\n… and 3 more lines",
	} {
		if got := string(firstComplaints([]byte(said))); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
