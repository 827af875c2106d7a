package lineinfile

import (
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// TestEdit has, line by line, what Ansible's module does.
func TestEdit(t *testing.T) {
	const conf = "# kafka\nport=1\nhost=a\nport=2\n"
	for _, c := range []struct {
		name   string
		before string
		args   *value.Map
		want   string
		msg    string
	}{
		{"added at the end", conf, args("line", "new"), conf + "new\n", "line added"},
		{"there already", conf, args("line", "host=a"), conf, ""},
		{"last line without a line break", "a\nb", args("line", "c"), "a\nb\nc\n", "line added"},
		{"last match is replaced", conf, args("line", "port=3", "regexp", "^port="), "# kafka\nport=1\nhost=a\nport=3\n", "line replaced"},
		{"first match is replaced", conf, args("line", "port=3", "regexp", "^port=", "firstmatch", true), "# kafka\nport=3\nhost=a\nport=2\n", "line replaced"},
		{"search_string", conf, args("line", "x", "search_string", "st=a"), "# kafka\nport=1\nx\nport=2\n", "line replaced"},
		{"no match adds", conf, args("line", "x=1", "regexp", "^x="), conf + "x=1\n", "line added"},
		{"no match, but the line is there", conf, args("line", "host=a", "regexp", "^nohost="), conf, ""},
		{"backrefs", conf, args("line", `\1=\g<2>b`, "regexp", "^(host)=(.*)$", "backrefs", true), "# kafka\nport=1\nhost=ab\nport=2\n", "line replaced"},
		{"backrefs without match", conf, args("line", `\1`, "regexp", "^(none)", "backrefs", true), conf, ""},
		{"insertafter", conf, args("line", "x", "insertafter", "^port"), conf + "x\n", "line added"},
		{"insertafter the first", conf, args("line", "x", "insertafter", "^port", "firstmatch", true), "# kafka\nport=1\nx\nhost=a\nport=2\n", "line added"},
		{"insertafter without match", conf, args("line", "x", "insertafter", "^none"), conf + "x\n", "line added"},
		{"insertbefore", conf, args("line", "x", "insertbefore", "^host"), "# kafka\nport=1\nx\nhost=a\nport=2\n", "line added"},
		{"BOF", conf, args("line", "x", "insertbefore", "BOF"), "x\n" + conf, "line added"},
		{"regexp wins over insertafter", conf, args("line", "host=b", "regexp", "^host=", "insertafter", "^#"), "# kafka\nport=1\nhost=b\nport=2\n", "line replaced"},
		{"look-ahead", "#a\nab\n", args("line", "x", "regexp", "^a(?=b)"), "#a\nx\n", "line replaced"},
	} {
		spec, errs := New().Decode(c.args.Merge(value.NewMap("path", "/x")))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		h := remotetest.New()
		h.AddFile("/x", c.before, 0o644)
		change, err := spec.Plan(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		got := c.before
		if len(change.Diffs) > 0 {
			got = change.Diffs[0].After
		}
		if got != c.want || change.Result.At("msg") != c.msg {
			t.Errorf("%s: %v\n%s", c.name, change.Result.At("msg"), got)
		}
	}
}

func args(kv ...value.Value) *value.Map { return moduletest.Args(kv...) }

func TestModule(t *testing.T) {
	setup := func(h *remotetest.Host) {
		h.AddFile("/etc/conf", "a\nb\n", 0o600)
		h.OnScript = moduletest.Shell
	}
	holds := func(p, want string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, _ *value.Map) {
			if got, _ := h.Content(p); got != want {
				t.Errorf("%s has %q", p, got)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: setup, Args: args("dest", "/etc/conf", "line", "b", "mode", "0600"), Unchanged: true},
		{Name: "mode alone", Setup: setup, Args: args("dest", "/etc/conf", "line", "b", "mode", "0640"),
			CheckPlan: func(t *testing.T, c module.Change) {
				if len(c.Diffs) != 1 || c.Diffs[0].After != "mode: 0640\n" {
					t.Errorf("%+v", c.Diffs)
				}
			}},
		{Name: "added, with backup", Setup: setup, Args: args("dest", "/etc/conf", "line", "c", "backup", true),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				holds("/etc/conf", "a\nb\nc\n")(t, h, r)
				holds(r.String("backup"), "a\nb\n")(t, h, r)
				if r.At("msg") != "line added" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "created", Setup: setup, Args: args("path", "/etc/new/conf", "line", "x", "create", true, "mode", "0640"), Check: holds("/etc/new/conf", "x\n")},
		{Name: "removed", Setup: setup, Args: args("path", "/etc/conf", "regexp", "^[ab]", "state", "absent"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if holds("/etc/conf", "")(t, h, r); r.At("found") != int64(2) || r.At("msg") != "2 line(s) removed" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "removed already", Setup: setup, Args: args("path", "/etc/conf", "line", "c", "state", "absent"), Unchanged: true},
		{Name: "absent from no file", Args: args("path", "/none", "line", "c", "state", "absent"), Unchanged: true},
		{Name: "no file", Args: args("path", "/none", "line", "c"), Err: "Destination /none does not exist !"},
		{Name: "folder", Args: args("path", "/etc", "line", "c"), Err: "path: Path /etc is a directory"},
		{Name: "no line", Args: args("path", "/etc/conf"), Err: "line: is required with state=present"},
		{Name: "nothing to remove", Args: args("path", "/x", "state", "absent"), Err: "one of line, search_string, or regexp is required"},
		{Name: "both searches", Args: args("path", "/x", "line", "x", "regexp", "a", "search_string", "b"), Err: "exclude each other"},
		{Name: "backrefs without regexp", Args: args("path", "/x", "line", "x", "backrefs", true), Err: "regexp: is required with backrefs"},
		{Name: "bad expression", Args: args("path", "/x", "line", "x", "regexp", "(a"), Err: "regexp: regular expression"},
		{Name: "bad group", Setup: setup, Args: args("path", "/etc/conf", "line", `\2`, "regexp", "(a)", "backrefs", true), Err: "line: the regular expression has no group 2"},
	})
}
