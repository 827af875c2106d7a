// Package stat is the module stat: what is at a path of the host.
package stat

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"time"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "stat",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Tells what is at a path: its type, owner, mode, times and checksum.",
			Notes: []string{
				"mimetype, charset, attributes, version, blocks, block_size and device_type are not in the result.",
				"lnk_source resolves the link itself, not links in the folders on its way.",
			},
			Examples: "- stat:\n    path: /etc/kafka/server.properties\n  register: conf\n- debug:\n    msg: there\n  when: conf.stat.exists\n",
			Returns: []module.Return{{Name: "stat", Type: "dict", Text: "exists and, where it is true, path, mode, isreg, isdir, islnk, lnk_source, lnk_target, " +
				"uid, gid, pw_name, gr_name, size, atime, mtime, ctime, checksum, readable, writeable, executable and the rest that Ansible documents"}},
		},
		New: func() module.Spec { return &Spec{GetChecksum: true, ChecksumAlgorithm: "sha1"} },
	}
}

// Spec is the module's arguments.
type Spec struct {
	Path              string `arg:"path,required,alias=dest|name" doc:"the path that is looked at"`
	Follow            bool   `arg:"follow" doc:"where path is a link, tell of what it points at"`
	GetChecksum       bool   `arg:"get_checksum" doc:"compute the checksum of a regular file"`
	ChecksumAlgorithm string `arg:"checksum_algorithm,alias=checksum|checksum_algo,choices=md5|sha1|sha256|sha512" doc:"how the checksum is computed"`
	GetMime           bool   `arg:"get_mime,alias=mime|mime_type|mime-type" doc:"tell the type of the content; kops cannot, and refuses true"`
	GetAttributes     bool   `arg:"get_attributes,alias=attr|attributes" doc:"tell the flags that lsattr shows; kops cannot, and refuses true"`
	GetSELinuxContext bool   `arg:"get_selinux_context" doc:"tell the SELinux context; kops cannot, and refuses true"`
}

// Validate refuses what kops cannot tell.
func (s *Spec) Validate() error {
	for name, asked := range map[string]bool{"get_mime": s.GetMime, "get_attributes": s.GetAttributes, "get_selinux_context": s.GetSELinuxContext} {
		if asked {
			return fmt.Errorf("%s: not supported: leave it out, and use command with file, lsattr or ls -Z", name)
		}
	}
	return nil
}

// Plan reads the path. There is never anything to do.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	p, err := attributes.Path(ctx, h, "path", s.Path)
	if err != nil {
		return module.Change{}, err
	}
	q := remote.FileQuery{Path: p, Follow: s.Follow, Partial: true}
	if s.GetChecksum {
		q.Hash = s.ChecksumAlgorithm
	}
	files, err := h.Files(ctx, q)
	if err != nil {
		return module.Change{}, err
	}
	result := describe(s.Path, files[0])
	if files[0].Exists && files[0].Foreseen {
		foreseen(result, s.GetChecksum && files[0].IsRegular() && files[0].Checksum == "")
	}
	return module.Change{Result: value.NewMap("stat", result)}, nil
}

// describe returns the keys that Ansible documents.
func describe(p string, f remote.File) *value.Map {
	if !f.Exists {
		return value.NewMap("exists", false)
	}
	bit := func(b fs.FileMode) bool { return f.Mode&b != 0 }
	m := value.NewMap(
		"exists", true,
		"path", p,
		"mode", module.FormatMode(f.Mode),
		"isdir", f.IsDir(),
		"ischr", f.Type&fs.ModeCharDevice != 0,
		"isblk", f.Type&fs.ModeDevice != 0 && f.Type&fs.ModeCharDevice == 0,
		"isreg", f.IsRegular(),
		"isfifo", f.Type&fs.ModeNamedPipe != 0,
		"islnk", f.IsLink(),
		"issock", f.Type&fs.ModeSocket != 0,
		"uid", int64(f.UID), "gid", int64(f.GID),
		"size", f.Size,
		"inode", int64(f.Inode), "dev", int64(f.Device), "nlink", int64(f.Links),
		"atime", seconds(f.AccTime), "mtime", seconds(f.ModTime), "ctime", seconds(f.ChgTime),
		"wusr", bit(0o200), "rusr", bit(0o400), "xusr", bit(0o100),
		"wgrp", bit(0o020), "rgrp", bit(0o040), "xgrp", bit(0o010),
		"woth", bit(0o002), "roth", bit(0o004), "xoth", bit(0o001),
		"isuid", bit(0o4000), "isgid", bit(0o2000),
		"readable", f.Readable, "writeable", f.Writable, "executable", f.Executable,
		"pw_name", f.Owner, "gr_name", f.Group,
	)
	if f.IsLink() {
		target := f.Link
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(f.Path), target)
		}
		m.Set("lnk_source", path.Clean(target))
		m.Set("lnk_target", f.Link)
	}
	if f.Checksum != "" {
		m.Set("checksum", f.Checksum)
	}
	return m
}

// seconds since 1970, with a fraction, as Python tells times.
// foreseen takes out of a result what check mode cannot know of a path that an earlier task would change.
func foreseen(m *value.Map, noChecksum bool) {
	unknown := []string{"inode", "dev", "atime", "mtime", "ctime", "nlink", "readable", "writeable", "executable"}
	if noChecksum {
		unknown = append(unknown, "checksum")
	}
	if m.At("size") == int64(-1) || m.Bool("isdir") {
		unknown = append(unknown, "size")
	}
	for _, name := range []string{"uid", "gid"} {
		if m.At(name) == int64(-1) {
			unknown = append(unknown, name)
		}
	}
	if m.String("mode") == "0000" || m.String("pw_name") == "" { // no more is known than that it exists
		unknown = append(unknown, "mode", "size", "uid", "gid", "pw_name", "gr_name", "wusr", "rusr", "xusr", "wgrp", "rgrp", "xgrp", "woth", "roth", "xoth", "isuid", "isgid")
	}
	for _, name := range unknown {
		m.Set(name, value.Unknown{Why: name + " of a path that an earlier task would change"})
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
