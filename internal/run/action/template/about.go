package template

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"kops/internal/value"
)

// describe returns the variables that a template has about itself, and its file's mode.
func describe(path, src, dest string) (*value.Map, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, 0, err
	}
	var owner value.Value
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int64(st.Uid)
		if u, err := user.LookupId(strconv.Itoa(int(st.Uid))); err == nil {
			owner = u.Username
		}
	}
	return value.NewMap(
		"template_host", host,
		"template_path", src,
		"template_mtime", pythonTime(info.ModTime()),
		"template_uid", owner,
		"template_run_date", pythonTime(time.Now()),
		"template_destpath", dest,
		"template_fullpath", path,
		"ansible_managed", "Ansible managed",
	), info.Mode().Perm(), nil
}

// pythonTime writes a time as the text of Python's datetime.
func pythonTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000") }
