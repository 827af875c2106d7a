// Package action is the contract of actions: what happens on the controller for a task.
// An action either ends there (assert, debug, set_fact) or prepares a module's Spec that
// the runner then plans and carries out on the host (template, copy, get_url).
package action

import (
	"context"
	"errors"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/state"
	"kops/internal/template"
	"kops/internal/value"
)

// A Spec is an action's decoded arguments. It is a module.Spec too, so that one registry,
// one decoder and one documentation serve both: embed OnController.
type Spec interface {
	module.Spec
	// Act does the controller's part. An error is the task's failure.
	Act(ctx context.Context, env *Env) (Outcome, error)
}

// An Outcome is what an action came to.
type Outcome struct {
	// Spec is what is left to do on the host; nil where the action is done.
	Spec module.Spec
	// Result is for register; with a Spec it is merged under what the module returns.
	Result *value.Map
	// Changed counts without a Spec only.
	Changed bool
	// Skipped, where not "", skips the task and says why.
	Skipped string
	// Unknown, where not "", says what check mode cannot know.
	Unknown string
	// Facts are variables that the host has from now on, at the level of set_fact, or
	// with Level at that of include_vars or facts.
	Facts *value.Map
	Level Level
	// Gathered are variables that stand among ansible_facts as well.
	Gathered *value.Map
	// AddHost and GroupBy change the inventory.
	AddHost *NewHost
	Groups  []string // the host joins these, made where missing
	// Verbosity hides the result below that -v (debug).
	Verbosity int
}

// A Level says where an Outcome's Facts go.
type Level int

// The levels.
const (
	SetFact Level = iota
	IncludeVars
	HostFacts // ansible_facts
)

// A NewHost is add_host's host.
type NewHost struct {
	Name   string
	Groups []string
	Vars   *value.Map
}

// Env is what an action may use.
type Env struct {
	Host      string          // the inventory name of the task's host
	Task      string          // the task's name, for messages
	Pos       value.Position  // of the task
	Scope     *template.Scope // evaluates, finds and reads files
	Raw       *value.Map      // the task's arguments, evaluated but not decoded
	Written   *value.Map      // the task's arguments as the playbook has them, not evaluated
	Check     bool
	Diff      bool
	Verbosity int
	// Facts returns the host's facts, gathering the few that are needed where the play
	// gathered none: "ansible_pkg_mgr", "ansible_service_mgr", "ansible_os_family".
	Facts func(ctx context.Context) (*value.Map, error)
	// Reader reads the host as the task's user. It connects when first called.
	Reader func(ctx context.Context) (remote.Reader, error)
	// Changing is to be called by an action before it changes something itself, on the controller: what
	// the change owes is written down first.
	Changing func(ctx context.Context) error
	// LoadVars reads a file of variables, YAML or JSON, decrypted where it is a vault.
	LoadVars func(path string) (*value.Map, error)
	// Inventory tells where in the inventory something stands.
	Inventory Inventory
	// Registry finds the module that an action ends in.
	Registry *module.Registry
	// Artifacts fetches and keeps files on the controller.
	Artifacts Artifacts
	// Ask prompts the user; nil where there is nobody to ask.
	Ask func(ctx context.Context, prompt string, secret bool) (string, error)
	// Warn tells the user about something that works and is probably not meant.
	Warn func(msg string)
}

// An Inventory tells where in the inventory something stands, for messages that name the place.
type Inventory interface {
	// GroupPos returns the place where a group is first named.
	GroupPos(name string) value.Position
	// Settings returns the places that give a host a variable, from weakest to strongest.
	Settings(host, name string) []Setting
}

// A Setting is a place of the inventory that gives a host a variable.
type Setting struct {
	Group string // "" where the host itself has it
	Value value.Value
	Pos   value.Position
	// Contested says that another group says otherwise, and that nothing but the order of their names
	// decides between them.
	Contested bool
}

// Artifacts are files by URL and checksum, fetched once by the controller.
type Artifacts interface {
	// Fetch returns the path of a verified local copy of what req asks for. A mismatch of
	// its checksum is an error and leaves nothing.
	Fetch(ctx context.Context, req state.Request) (path string, err error)
	// Text returns a small document, such as a checksum file, fetched once a run.
	Text(ctx context.Context, req state.Request) ([]byte, error)
}

// ErrOnController is what planning an action gives: only its Act makes sense.
var ErrOnController = errors.New("this runs on the controller and has no plan of its own")

// OnController makes a struct a module.Spec whose work is in Act.
type OnController struct{}

// Plan implements module.Spec and always fails.
func (OnController) Plan(context.Context, remote.Reader) (module.Change, error) {
	return module.Change{}, ErrOnController
}
