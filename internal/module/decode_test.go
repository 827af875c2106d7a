package module

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"kops/internal/remote"
	"kops/internal/value"
)

type sample struct {
	Path    string      `arg:"path,required,alias=dest" doc:"the path"`
	State   string      `arg:"state,choices=present|absent" doc:"what is to be"`
	Count   int         `arg:"count" doc:"how many"`
	Limit   *int        `arg:"limit" doc:"at most"`
	Ratio   float64     `arg:"ratio" doc:"of both"`
	Force   bool        `arg:"force" doc:"do it"`
	Tags    []string    `arg:"tags" doc:"names"`
	Options *value.Map  `arg:"options" doc:"more"`
	Any     value.Value `arg:"any,raw" doc:"as it is"`
	Mode    Mode        `arg:"mode" doc:"bits"`
	Token   Secret      `arg:"token" doc:"a secret"`
	Src     string      `arg:"src,exclusive=from" doc:"from a file"`
	Content string      `arg:"content,exclusive=from" doc:"from text"`
	Key     string      `arg:"key,with=src" doc:"needs src"`
	Old     string      `arg:"old,unsupported" doc:"use path"`
}

func (*sample) Plan(context.Context, remote.Reader) (Change, error) { return Change{}, nil }

func sampleModule() *Module {
	return &Module{Name: "sample", Collection: "kops.test", New: func() Spec { return &sample{State: "present"} }}
}

func TestDecode(t *testing.T) {
	spec, errs := sampleModule().Decode(value.NewMap("dest", "/x", "count", "3", "limit", int64(0), "ratio", int64(2), "force", "yes", "tags", "a, b,",
		"options", value.NewMap("k", int64(1)), "any", value.NewList(int64(1)), "mode", int64(0o640), "token", "s3cret", "content", int64(5)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	s := spec.(*sample)
	if s.Path != "/x" || s.State != "present" || s.Count != 3 || s.Limit == nil || *s.Limit != 0 || s.Ratio != 2 || !s.Force ||
		strings.Join(s.Tags, "|") != "a|b" || s.Options.At("k") != int64(1) || s.Any.(*value.List).Len() != 1 ||
		s.Mode.Apply(0, false) != 0o640 || s.Token.Reveal() != "s3cret" || s.Content != "5" {
		t.Errorf("%+v", s)
	}
	if spec, _ = sampleModule().Decode(value.NewMap("path", "/x", "state", nil, "limit", nil)); spec.(*sample).State != "present" || spec.(*sample).Limit != nil {
		t.Errorf("None does not leave the default: %+v", spec)
	}
}

func TestDecodeErrors(t *testing.T) {
	for want, args := range map[string]*value.Map{
		`sample: missing required argument "path"`:                               value.NewMap(),
		`sample: unknown argument "forse"; did you mean "force"?`:                value.NewMap("path", "/x", "forse", true),
		`sample: state: "presnt" is not one of present, absent`:                  value.NewMap("path", "/x", "state", "presnt"),
		`sample: count: "many" is not an integer`:                                value.NewMap("path", "/x", "count", "many"),
		`sample: force: "maybe" is not a boolean`:                                value.NewMap("path", "/x", "force", "maybe"),
		`sample: options: wants a mapping, not list`:                             value.NewMap("path", "/x", "options", value.NewList()),
		`sample: tags: item 2: wants text, not NoneType`:                         value.NewMap("path", "/x", "tags", value.NewList("a", nil)),
		`sample: mode: "rw" is not a file mode`:                                  value.NewMap("path", "/x", "mode", "rw"),
		`sample: old: not supported; use path`:                                   value.NewMap("path", "/x", "old", "y"),
		`sample: path: means the same as dest: give one of them`:                 value.NewMap("dest", "/x", "path", "/y"),
		`sample: arguments src and content exclude each other: give one of them`: value.NewMap("path", "/x", "src", "a", "content", "b"),
		`sample: key: needs src too`:                                             value.NewMap("path", "/x", "key", "k"),
		`sample: path: 'kafka_prot' is undefined; did you mean 'kafka_port'?`:    value.NewMap("path", value.Undefined{Name: "kafka_prot", Hint: "'kafka_prot' is undefined; did you mean 'kafka_port'?"}),
		`sample: path: unknown until the result of task 'look' is known`:         value.NewMap("path", value.Unknown{Why: "the result of task 'look'"}),
	} {
		spec, errs := sampleModule().Decode(args)
		if spec != nil || !strings.Contains(errors.Join(errs...).Error(), want) {
			t.Errorf("got %v, want %s", errs, want)
		}
		var argument *ArgumentError
		if len(errs) != 1 || !errors.As(errs[0], &argument) || argument.Module != "sample" {
			t.Errorf("%d errors for %s: %v", len(errs), want, errs)
		}
	}
}

func TestCheckPassesTemplates(t *testing.T) {
	template := value.Template{Source: "{{ x }}"}
	if errs := sampleModule().Check(value.NewMap("path", template, "state", template, "tags", value.NewList("a", template))); len(errs) > 0 {
		t.Error(errs)
	}
	if errs := sampleModule().Check(value.NewMap("state", "x", "count", template, "pth", "y")); len(errs) != 3 {
		t.Errorf("want a missing path, a bad state and an unknown name: %v", errs)
	}
}

func TestArguments(t *testing.T) {
	types := map[string]string{}
	for _, a := range sampleModule().Arguments() {
		types[a.Name] = a.Type
		if a.Secret != (a.Name == "token") {
			t.Errorf("%s: Secret is %v", a.Name, a.Secret)
		}
		if a.Name == "state" && a.Default != "present" {
			t.Errorf("default of state: %v", a.Default)
		}
	}
	for name, want := range map[string]string{"path": "str", "count": "int", "limit": "int", "ratio": "float", "force": "bool", "tags": "list", "options": "dict", "any": "raw", "mode": "raw", "token": "str"} {
		if types[name] != want {
			t.Errorf("%s is %s, want %s", name, types[name], want)
		}
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		text  string
		old   uint32
		isDir bool
		want  string
	}{
		{"0644", 0o777, false, "0644"}, {"0o600", 0, false, "0600"}, {"1777", 0, true, "1777"},
		{"u=rw,g=r,o=", 0o777, false, "0640"}, {"a+x", 0o644, false, "0755"}, {"+x", 0o600, false, "0711"},
		{"u=rwX,go=rX", 0o600, true, "0755"}, {"u=rwX,go=rX", 0o600, false, "0644"}, {"g=u", 0o640, false, "0660"},
		{"u+s", 0o755, false, "4755"}, {"g+s,o+t", 0o755, true, "3755"}, {"u=rwx", 0o4755, true, "4755"}, {"o-rwx", 0o777, false, "0770"}, {"u-w+x", 0o644, false, "0544"},
	} {
		m, err := ParseMode(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := FormatMode(m.Apply(fs.FileMode(c.old), c.isDir)); got != c.want {
			t.Errorf("%s on %04o: %s, want %s", c.text, c.old, got, c.want)
		}
	}
	for _, bad := range []value.Value{"rw", "99", "77777", int64(99999), true, "u=z"} {
		if _, err := ParseMode(bad); err == nil {
			t.Errorf("%v is a mode", bad)
		}
	}
}

func TestQuote(t *testing.T) {
	if got, want := Quote("rm", "--", "/a b", "it's", "", "$x"), `rm -- '/a b' 'it'\''s' '' '$x'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRegistry(t *testing.T) {
	r := NewRegistry([]*Module{sampleModule(), {Name: "copy", Collection: "ansible.builtin", Aliases: []string{"cp"}}})
	for name, want := range map[string]bool{"copy": true, "cp": true, "ansible.builtin.copy": true, "ansible.legacy.copy": true, "kops.test.sample": true,
		"kops.test.copy": false, "ansible.legacy.sample": false, "none": false} {
		if _, ok := r.Find(name); ok != want {
			t.Errorf("%s: found is %v", name, ok)
		}
	}
	if got := strings.Join(r.Names(), " "); got != "copy cp sample" || len(r.All()) != 2 {
		t.Errorf("names %s, %d modules", got, len(r.All()))
	}
}
