package run_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/run"
	"kops/internal/value"
)

// An answer is how a run ended, in the shape in which testdata/record.py records Ansible's.
type answer struct {
	Why   string                    `json:"why,omitempty"` // of NAME.kops.json: why kops differs
	Exit  int                       `json:"exit"`
	Recap map[string]map[string]int `json:"recap"`
	Tasks []answerTask              `json:"tasks"`
}

type answerTask struct {
	Name  string                `json:"name"`
	Hosts map[string]hostAnswer `json:"hosts"`
}

type hostAnswer struct {
	Status string       `json:"status"`
	Items  []itemAnswer `json:"items,omitempty"`
	Said   any          `json:"said,omitempty"`
}

type itemAnswer struct {
	Status string `json:"status"`
	Said   any    `json:"said,omitempty"`
}

// TestOracle runs the playbooks of testdata/oracle and compares with what ansible-playbook
// answered. Where kops differs on purpose, NAME.kops.json has its answer and says why.
func TestOracle(t *testing.T) {
	paths, err := filepath.Glob("testdata/oracle/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no playbooks: ", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			base := strings.TrimSuffix(path, ".yaml")
			want, err := os.ReadFile(base + ".kops.json")
			if os.IsNotExist(err) {
				want, err = os.ReadFile(base + ".json")
			}
			if err != nil {
				t.Fatal(err)
			}
			var wanted answer
			if err := json.Unmarshal(want, &wanted); err != nil {
				t.Fatal(err)
			}
			wanted.Why = ""
			for _, noAhead := range []bool{false, true} {
				if w, g := pretty(t, wanted), pretty(t, replay(t, path, noAhead)); w != g {
					t.Errorf("ansible-playbook (-) and kops (+, NoAhead %v) differ:\n%s", noAhead, differences(w, g))
				}
			}
		})
	}
}

// options are the first line of a playbook: "# options: {…}".
type options struct {
	Extra         *value.Map `json:"extra"`
	Tags          []string   `json:"tags"`
	SkipTags      []string   `json:"skip_tags"`
	Limit         string     `json:"limit"`
	Check         bool       `json:"check"`
	ForceHandlers bool       `json:"force_handlers"`
}

func replay(t *testing.T, path string, noAhead bool) answer {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var o options
	if line, _, _ := bytes.Cut(src, []byte("\n")); bytes.HasPrefix(line, []byte("# options: ")) {
		if err := json.Unmarshal(bytes.TrimPrefix(line, []byte("# options: ")), &o); err != nil {
			t.Fatal(err)
		}
	}
	s := setup{playbook: path, inventory: "testdata/oracle/inventory/hosts.yaml", limit: o.Limit, extra: o.Extra, tags: plan.Tags{Run: o.Tags, Skip: o.SkipTags}}
	s.options = run.Options{Forks: 4, Check: o.Check, NoAhead: noAhead, Defaults: run.Defaults{ForceHandlers: o.ForceHandlers}}
	summary, events := s.run(t)
	return answerOf(t, summary, events)
}

// answerOf puts a run's events into the shape of an answer.
func answerOf(t *testing.T, s run.Summary, r *recorder) answer {
	a := answer{Exit: s.Exit, Recap: map[string]map[string]int{}}
	for host, c := range s.Recap {
		counts := map[string]int{}
		for name, n := range map[string]int{
			"ok": c.OK, "changed": c.Changed, "unreachable": c.Unreachable, "failed": c.Failed,
			"skipped": c.Skipped, "rescued": c.Rescued, "ignored": c.Ignored, "unknown": c.Unknown,
		} {
			if n > 0 {
				counts[name] = n
			}
		}
		if len(counts) > 0 {
			a.Recap[host] = counts
		}
	}
	started := map[int]event.TaskStarted{}
	for _, e := range of[event.TaskStarted](r) {
		started[e.Task] = e
		name := e.Name
		if e.Role != "" {
			name = e.Role + " : " + name
		}
		task := answerTask{Name: name, Hosts: map[string]hostAnswer{}}
		items := map[string][]itemAnswer{}
		for _, res := range of[event.Result](r) {
			if res.Task != e.Task {
				continue
			}
			status := string(res.Status)
			if res.Ignored && !res.Item {
				status = "ignored"
			}
			item := itemAnswer{Status: status, Said: said(t, e, res)}
			if res.Item {
				items[res.Host] = append(items[res.Host], item)
				continue
			}
			task.Hosts[res.Host] = hostAnswer{Status: status, Said: item.Said, Items: items[res.Host]}
		}
		if len(task.Hosts) > 0 {
			a.Tasks = append(a.Tasks, task)
		}
	}
	return a
}

// said is what a debug task shows.
func said(t *testing.T, task event.TaskStarted, r event.Result) any {
	if strings.TrimPrefix(task.Module, "ansible.builtin.") != "debug" || r.Status != event.OK || r.Result == nil {
		return nil
	}
	shown := r.Result.At("msg")
	if shown == nil {
		for k, v := range r.Result.All() {
			switch name := value.Str(k); {
			case name == "changed", name == "failed", name == "item", strings.HasPrefix(name, "ansible_"), strings.HasPrefix(name, "_"):
			default:
				shown = v
			}
		}
	}
	if r.Result.At("results") != nil {
		return nil
	}
	out, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// pretty writes an answer with one line a task.
func pretty(t *testing.T, a answer) string {
	line := func(v any) string {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := fmt.Sprintln("exit", a.Exit) + "recap " + line(a.Recap)
	for _, task := range a.Tasks {
		text += line(task)
	}
	return text
}

// differences shows the lines that only one of two texts has, and where.
func differences(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		var l, r string
		if i < len(w) {
			l = w[i]
		}
		if i < len(g) {
			r = g[i]
		}
		if l != r {
			fmt.Fprintf(&b, "%d - %s\n%d + %s\n", i, l, i, r)
		}
	}
	return b.String()
}
