package playbook

import (
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/yamlpos"
)

// names are the keywords of each kind of thing.
type names struct{ play, block, task, handler, role []string }

func allNames() names {
	common := []string{"name", "vars", "environment", "tags", "become", "become_user", "become_method", "become_flags",
		"become_exe", "connection", "port", "remote_user", "timeout", "throttle", "no_log", "run_once", "ignore_errors",
		"ignore_unreachable", "any_errors_fatal", "check_mode", "diff", "module_defaults", "debugger", "collections"}
	nested := append(slices.Clone(common), "when", "delegate_to", "delegate_facts")
	task := append(slices.Clone(nested), "action", "local_action", "args", "loop", "loop_control", "register", "until", "retries",
		"delay", "changed_when", "failed_when", "notify", "async", "poll")
	return names{
		play: append(slices.Clone(common), "hosts", "gather_facts", "gather_subset", "gather_timeout", "fact_path", "serial",
			"max_fail_percentage", "order", "strategy", "force_handlers", "vars_files", "vars_prompt", "pre_tasks", "roles",
			"tasks", "post_tasks", "handlers", "import_playbook", "validate_argspec"),
		block:   append(slices.Clone(nested), "block", "rescue", "always", "notify"),
		task:    task,
		handler: append(slices.Clone(task), "listen"),
		role:    append(slices.Clone(nested), "role"),
	}
}

// refused are keywords of Ansible that kops has no place for.
var refused = []string{"debugger", "collections", "validate_argspec"}

// instead is what to write in place of what is refused.
var instead = map[string]string{
	"async":            "`command: systemd-run --unit NAME …` starts it and wait_for or until waits; timeout: bounds a task",
	"poll":             "it goes with async",
	"include_role":     "import_role, or roles: in the play; include_tasks with the role's tasks where a loop is needed",
	"include":          "include_tasks, import_tasks or import_playbook",
	"debugger":         "leave it out; -vvv shows what a task did",
	"collections":      "leave it out, and name modules in full",
	"validate_argspec": "leave it out; assert in pre_tasks checks variables",
}

// unknown reports a key that means nothing where it stands.
func (l *loader) unknown(where string, key *yamlpos.Node, candidates []string) {
	if l.notYet("keyword", key) {
		return
	}
	d := diag.Errorf(key.Pos, "unknown key %q in %s", key.Raw, where)
	hint := diag.Suggest(key.Raw, candidates)
	if hint == "" && l.known(key.Raw) {
		hint = "this is a module: it belongs into a task, below tasks:"
	}
	switch {
	case hint != "":
	case slices.Contains(l.names.handler, key.Raw):
		hint = "it belongs to tasks"
	case len(candidates) < 10:
		hint = "the keys are " + strings.Join(candidates, ", ")
	}
	l.list.Add(d.WithHint("%s", hint))
}

// notYet reports a keyword or module that Ansible has and kops has not.
func (l *loader) notYet(kind string, key *yamlpos.Node) bool {
	name := Short(key.Raw)
	if !slices.Contains(l.opts.NotYet, name) && !slices.Contains(refused, name) {
		return false
	}
	l.list.Add(diag.Errorf(key.Pos, "the %s %s is not supported yet", kind, key.Raw).WithHint("%s", instead[name]))
	return true
}

func (l *loader) known(name string) bool { return l.opts.Known != nil && l.opts.Known(name) }

// Short returns the name of one of Ansible's own modules without its collection.
func Short(name string) string {
	for _, prefix := range []string{"ansible.builtin.", "ansible.legacy."} {
		if s, ok := strings.CutPrefix(name, prefix); ok {
			return s
		}
	}
	return name
}
