// Package attributes is what the modules that work on files share: the arguments owner,
// group and mode, what they mean for a path that was read, and the keys of the result
// that tell of a path.
package attributes

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Arguments are embedded in a Spec whose module sets owner, group and mode.
type Arguments struct {
	Mode         module.Mode `arg:"mode" doc:"permissions: octal in quotes (\"0644\") or symbolic (\"u=rw,g=r\"); without it those of an existing path are kept"`
	Owner        string      `arg:"owner" doc:"name or number of the user that owns the path"`
	Group        string      `arg:"group" doc:"name or number of the group that owns the path"`
	UnsafeWrites bool        `arg:"unsafe_writes" doc:"write in place where the file cannot be replaced by a rename, as with bind-mounted files"`
	Attributes   string      `arg:"attributes,alias=attr,unsupported" doc:"kops does not set chattr's flags: use command: chattr"`
	SEUser       string      `arg:"seuser,unsupported" doc:"kops keeps the SELinux label of what it replaces and sets none: use command: chcon"`
	SERole       string      `arg:"serole,unsupported" doc:"kops keeps the SELinux label of what it replaces and sets none: use command: chcon"`
	SEType       string      `arg:"setype,unsupported" doc:"kops keeps the SELinux label of what it replaces and sets none: use command: chcon"`
	SELevel      string      `arg:"selevel,unsupported" doc:"kops keeps the SELinux label of what it replaces and sets none: use command: chcon"`
}

// Modes that a new path gets where none is asked for and the umask is the usual one.
const (
	NewFile fs.FileMode = 0o644
	NewDir  fs.FileMode = 0o755
)

// Differ tells whether f's owner, group or mode is not as asked for.
func (a Arguments) Differ(f remote.File) bool {
	return a.ownerDiffers(f) || a.groupDiffers(f) || a.modeDiffers(f)
}

func (a Arguments) ownerDiffers(f remote.File) bool {
	return a.Owner != "" && a.Owner != f.Owner && a.Owner != strconv.Itoa(f.UID)
}

func (a Arguments) groupDiffers(f remote.File) bool {
	return a.Group != "" && a.Group != f.Group && a.Group != strconv.Itoa(f.GID)
}

// modeDiffers is false for a link, since it has no mode of its own.
func (a Arguments) modeDiffers(f remote.File) bool {
	return a.Mode.IsSet() && !a.Mode.Preserve() && !f.IsLink() && a.Mode.Apply(f.Mode, f.IsDir()) != f.Mode&0o7777
}

// Known are the accounts that owner and group name, as they are on the host.
type Known struct {
	accounts remote.Accounts
}

// Lookup finds owner and group on the host; it asks the host only where one of them is
// named. A name that the host does not know is an error; a number may be free.
func (a Arguments) Lookup(ctx context.Context, h remote.Reader) (Known, error) {
	var users, groups []string
	if a.Owner != "" {
		users = []string{a.Owner}
	}
	if a.Group != "" {
		groups = []string{a.Group}
	}
	if users == nil && groups == nil {
		return Known{}, nil
	}
	accounts, err := h.Accounts(ctx, users, groups)
	if err != nil {
		return Known{}, err
	}
	if _, ok := accounts.Users[a.Owner]; a.Owner != "" && !ok && !isNumber(a.Owner) {
		return Known{}, fmt.Errorf("owner: there is no user %q on the host: create it before, or correct the name (%w)", a.Owner, module.ErrDependsOnEarlier)
	}
	if _, ok := accounts.Groups[a.Group]; a.Group != "" && !ok && !isNumber(a.Group) {
		return Known{}, fmt.Errorf("group: there is no group %q on the host: create it before, or correct the name (%w)", a.Group, module.ErrDependsOnEarlier)
	}
	return Known{accounts}, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// Apply returns f as it will be once owner, group and mode are as asked for.
func (a Arguments) Apply(f remote.File, known Known) remote.File {
	if a.ownerDiffers(f) {
		f.Owner = a.Owner
		if u, ok := known.accounts.Users[a.Owner]; ok {
			f.Owner, f.UID = u.Name, u.UID
		} else if n, err := strconv.Atoi(a.Owner); err == nil {
			f.UID = n
		}
	}
	if a.groupDiffers(f) {
		f.Group = a.Group
		if g, ok := known.accounts.Groups[a.Group]; ok {
			f.Group, f.GID = g.Name, g.GID
		} else if n, err := strconv.Atoi(a.Group); err == nil {
			f.GID = n
		}
	}
	if a.modeDiffers(f) {
		f.Mode = a.Mode.Apply(f.Mode, f.IsDir())
	}
	return f
}

// New returns a path that is not there yet as its creation leaves it: the acting user's, with
// the usual mode, then owner, group and mode as asked for. typ is 0 or fs.ModeDir.
func (a Arguments) New(path string, typ fs.FileMode, h remote.Reader, known Known) remote.File {
	f := remote.File{Path: path, Exists: true, Type: typ, Mode: NewFile, Owner: h.User(), Group: h.User(),
		Links: 1, Readable: true, Writable: true}
	if f.Owner != "root" { // their numbers would have to be asked for
		f.UID, f.GID = -1, -1
	}
	if typ == fs.ModeDir {
		f.Mode, f.Links, f.Executable = NewDir, 2, true
	}
	return a.Apply(f, known)
}

// WriteOptions returns the options that write a file with these attributes. after is what
// Apply or New returned for it.
func (a Arguments) WriteOptions(after remote.File) remote.WriteOptions {
	opts := remote.WriteOptions{Owner: a.Owner, Group: a.Group, InPlace: a.UnsafeWrites}
	if a.Mode.IsSet() && !a.Mode.Preserve() {
		opts.Mode = &after.Mode
	}
	return opts
}

// Facts adds to result what Ansible's modules tell of a path: uid, gid, owner, group, mode,
// size and state.
func Facts(result *value.Map, f remote.File) *value.Map {
	if !f.Exists {
		result.Set("state", "absent")
		return result
	}
	if f.UID >= 0 { // a user who is yet to be made has no number
		result.Set("uid", int64(f.UID))
	}
	if f.GID >= 0 {
		result.Set("gid", int64(f.GID))
	}
	result.Set("owner", f.Owner)
	result.Set("group", f.Group)
	result.Set("mode", module.FormatMode(f.Mode))
	if f.Size >= 0 { // what is yet to be downloaded has no size
		result.Set("size", f.Size)
	}
	result.Set("state", State(f))
	return result
}

// State names what a path is, as the argument state of module file does: absent, link,
// directory, hard or file.
func State(f remote.File) string {
	switch {
	case !f.Exists:
		return "absent"
	case f.IsLink():
		return "link"
	case f.IsDir():
		return "directory"
	case f.Links > 1:
		return "hard"
	}
	return "file"
}
