// Package module is the contract between a module and its runner: what arguments a
// module takes, how it finds what must change on a host, and what it then does.
package module

import (
	"context"

	"kops/internal/remote"
	"kops/internal/value"
)

// A Module describes one module. New returns a pointer to a struct whose fields are the
// arguments (see Arguments) with their defaults, and which is the module's Spec.
type Module struct {
	Name       string   // without collection: "copy", "docker_container"
	Collection string   // "ansible.builtin", "community.docker", "kops.kafka"
	Aliases    []string // other names: "systemd_service"
	Doc        Doc
	New        func() Spec
	// FreeForm is the name of the argument that takes a line without key=value ("_raw_params"
	// of command and shell); "" where there is none.
	FreeForm string
	// Open modules take arguments of any name (set_fact): their Spec is a Taker.
	Open bool
}

// Doc is what `kops doc` and docs/modules show.
type Doc struct {
	Summary  string   // one sentence
	Notes    []string // differences from Ansible's module of that name, limits
	Examples string   // YAML
	Returns  []Return // in order
}

// Return documents one key of the result.
type Return struct {
	Name, Type, Text string
}

// A Spec is one module's arguments, decoded and validated.
type Spec interface {
	// Plan reads the host and returns what must change. It never modifies the host.
	Plan(ctx context.Context, h remote.Reader) (Change, error)
}

// A Validator is a Spec whose arguments depend on each other in ways that tags cannot
// say. Validate is called after decoding; its error names the argument.
type Validator interface {
	Validate() error
}

// A Taker is the Spec of a module that is Open: it gets the arguments that no tag names.
type Taker interface {
	Take(args *value.Map) error
}

// A Prediction is what check mode reports.
type Prediction int

// The predictions.
const (
	None    Prediction = iota // the host is as it should be
	Changes                   // the steps will change the host
	Unknown                   // only doing it can tell
)

// A Change is the difference that Plan found and the steps that remove it.
type Change struct {
	Predict Prediction
	Diffs   []Diff
	Effects []Effect
	Steps   []Step     // in order; a step that fails ends the task
	Result  *value.Map // for register; may be nil. "changed" is the runner's
	Why     string     // with Unknown: what cannot be known ("whether the cluster gets healthy"); "" for the module's name
}

// A Toucher is a Spec whose arguments alone say what the task may change. It is asked where Plan
// could not tell, and may have only some of its arguments.
type Toucher interface {
	// Touches returns Effects with Doubt.
	Touches() []Effect
}

// A Diff is a difference for people: what is there before and after.
type Diff struct {
	BeforeHeader, AfterHeader string // "/etc/motd", "/etc/motd (new)"
	Before, After             string
	Note                      string // in place of texts: "binary file", "larger than 1 MB"
}

// A Step is one act on the host.
type Step struct {
	Summary string // "restart node-exporter.service"
	Do      func(ctx context.Context, h remote.Host) (Outcome, error)
}

// An Outcome is what a step did. Steps may run without changing anything (a wait, an HTTP
// request, an apt update).
type Outcome struct {
	Changed bool
	Result  *value.Map // merged over the Change's Result
	Replan  bool       // plan again, a bounded number of times: apt knows the versions only after its update
}

// An Effect is what later tasks of a check run may count on.
type Effect = remote.Effect

// A Failure is a module's own way to fail with a result: a command that exits with 1, a
// URL with the wrong status. Its text is the task's msg.
type Failure struct {
	Msg    string
	Result *value.Map
}

// Error returns the message.
func (f *Failure) Error() string { return f.Msg }
