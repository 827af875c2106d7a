package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/remote/remotetest"
	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestFetch(t *testing.T) {
	tests := []struct {
		name  string
		args  *value.Map // @ stands for the folder
		check bool
		path  string
		err   string
		msg   string
	}{
		{name: "by host", args: value.NewMap("src", "/var/log/x.log", "dest", "@/logs"), path: "logs/zk1/var/log/x.log"},
		{name: "relative to the playbook", args: value.NewMap("src", "/var/log/x.log", "dest", "logs/"), path: "logs/zk1/var/log/x.log"},
		{name: "flat", args: value.NewMap("src", "/var/log/x.log", "dest", "@/new/y.log", "flat", true), path: "new/y.log"},
		{name: "flat into a folder", args: value.NewMap("src", "/var/log/x.log", "dest", "@/new/", "flat", true), path: "new/x.log"},
		{name: "never above the host's folder", args: value.NewMap("src", "/var/../../var/log/x.log", "dest", "@"), path: "zk1/var/log/x.log"},
		{name: "check mode", args: value.NewMap("src", "/var/log/x.log", "dest", "@"), check: true},
		{name: "flat onto a folder", args: value.NewMap("src", "/var/log/x.log", "dest", "@", "flat", true), err: "is a folder: put a slash"},
		{name: "missing", args: value.NewMap("src", "/none", "dest", "@"), err: "the remote file does not exist"},
		{name: "missing is fine", args: value.NewMap("src", "/none", "dest", "@", "fail_on_missing", false), msg: "the remote file does not exist, not transferring, ignored"},
		{name: "folder", args: value.NewMap("src", "/var/log", "dest", "@"), err: "remote file is a directory"},
		{name: "relative src", args: value.NewMap("src", "x.log", "dest", "@"), err: "src: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			h := remotetest.New()
			h.AddFile("/var/log/x.log", "text", 0o600)
			tt.args.Set("dest", strings.Replace(tt.args.String("dest"), "@", dir, 1))
			c := actiontest.Call{Args: tt.args, Vars: value.NewMap("playbook_dir", dir), Host: h, Change: func(e *action.Env) { e.Check = tt.check }}
			out, err := c.Act(t, New())
			var f *module.Failure
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				return
			case err != nil || errors.As(err, &f):
				t.Fatal(err)
			case tt.msg != "":
				if out.Result.At("msg") != tt.msg || out.Changed {
					t.Errorf("%+v", out)
				}
				return
			case !out.Changed:
				t.Error("nothing changed")
			}
			if tt.check {
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("%v was written", left)
				}
				return
			}
			path := filepath.Join(dir, tt.path)
			if got, err := os.ReadFile(path); err != nil || string(got) != "text" || out.Result.At("dest") != path {
				t.Errorf("%q %v, dest %v", got, err, out.Result.At("dest"))
			}
			if again, err := c.Act(t, New()); err != nil || again.Changed || again.Result.At("checksum") != out.Result.At("checksum") {
				t.Errorf("the second time: %+v %v", again, err)
			}
		})
	}
}
