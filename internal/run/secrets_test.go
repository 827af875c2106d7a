package run

import (
	"slices"
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/plan"
	"kops/internal/run/action"
	"kops/internal/value"
)

func learner() (*runner, *[]string) {
	var learnt []string
	note := func(s string) { learnt = append(learnt, s) }
	return &runner{Options: Options{Hide: note, HideFrom: func(name, text string) { note(name + "=" + text) }}}, &learnt
}

type secretSpec struct {
	URL      string        `arg:"url"`
	Password module.Secret `arg:"password,alias=pass"`
	Token    string        `arg:"token,secret"`
	Headers  *value.Map    `arg:"headers"`
	module.Spec
}

func TestHideArguments(t *testing.T) {
	m := &module.Module{Name: "m", New: func() module.Spec { return &secretSpec{} }}
	for _, test := range []struct {
		name string
		args *value.Map
		want string
	}{
		{"secret arguments, by any name", value.NewMap("pass", "a", "token", int64(12), "url", "http://h/"), "a 12"},
		{"not given", value.NewMap("password", nil, "url", "x"), ""},
		{"password in a URL", value.NewMap("url", "http://me:p%40ss@h:80/x?a@b"), "p%40ss p@ss"},
		{"in a header, in a list", value.NewMap("headers", value.NewMap("Link", value.NewList("amqp://:pw@h"))), "pw"},
		{"no password in it", value.NewMap("url", "http://me@h/ http://h:80/ x@y"), ""},
	} {
		r, learnt := learner()
		r.hideArguments(m, test.args)
		if got := strings.Join(*learnt, " "); got != test.want {
			t.Errorf("%s: learnt %q, want %q", test.name, got, test.want)
		}
	}
}

// What a task with no_log has brought is hidden wherever it is shown later; what says only how
// the task went is not.
func TestHideOutcome(t *testing.T) {
	for _, test := range []struct {
		name string
		o    outcome
		want []string
	}{
		{"command", outcome{result: value.NewMap("stdout", "token 17", "stderr", "", "rc", int64(0), "cmd", value.NewList("get-token"), "changed", true)}, []string{"stdout=token 17", "stderr="}},
		{"shell", outcome{result: value.NewMap("stdout", "", "cmd", "login -p hunter2")}, []string{"stdout=", "cmd=login -p hunter2"}},
		{"uri", outcome{result: value.NewMap("json", value.NewMap("key", "k1", "ids", value.NewList(int64(4711))))}, []string{"key=k1", "ids=4711"}},
		{"slurp", outcome{result: value.NewMap("content", "aHVudGVyMg==", "encoding", "base64")}, []string{"content=aHVudGVyMg==", "content=hunter2"}},
		{"set_fact", outcome{action: action.Outcome{Facts: value.NewMap("db", value.NewMap("pw", "s3"))}}, []string{"pw=s3"}},
	} {
		r, learnt := learner()
		test.o.status = event.Changed
		if test.o.result == nil {
			test.o.result = &value.Map{}
		}
		r.hideOutcome(&test.o)
		if !slices.Equal(*learnt, test.want) {
			t.Errorf("%s: learnt %q, want %q", test.name, *learnt, test.want)
		}
	}
}

func TestHideConnection(t *testing.T) {
	r, learnt := learner()
	r.hideConnection(&plan.Host{Layers: []*value.Map{nil, value.NewMap("ansible_password", "one", "port", "x"), value.NewMap("ansible_become_pass", "two", "ansible_sudo_pass", value.Template{Source: "{{ x }}"})}})
	if strings.Join(*learnt, " ") != "one two" {
		t.Errorf("learnt %q", *learnt)
	}
}
