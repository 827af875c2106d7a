// Package playbook is the syntax tree of plays, blocks, tasks and roles, and the parser
// that makes it from files. Imports and roles are expanded while loading; includes stay
// tasks, since only a run knows them. The tree is not modified after loading: many hosts
// read it at once.
package playbook

import "kops/internal/value"

// A Field is the value of a keyword as it is written: a literal or a value.Template, or
// containers of these. The zero Field was not given.
type Field struct {
	Value value.Value
	Pos   value.Position
}

// Given tells whether the keyword stands in the file.
func (f Field) Given() bool { return f.Pos.Line > 0 }

// An Expr is a bare expression, as in when: or until:. Literal is set, and Source empty,
// where the file has a boolean, a number or a list of such.
type Expr struct {
	Source  string
	Literal value.Value
	Pos     value.Position
}

// Keywords are what plays, roles, blocks and tasks have in common. A task inherits what
// it does not give from the blocks around it, its role and its play, nearest first.
type Keywords struct {
	Name              Field
	Vars              *value.Map // values may hold templates; nil if not given
	VarsPos           map[string]value.Position
	Environment       []Field // each a mapping or a template; later ones override
	Tags              []Field // each a text, possibly with commas
	When              []Expr  // all must hold
	Become            Field
	BecomeUser        Field
	BecomeMethod      Field
	BecomeFlags       Field
	BecomeExe         Field
	Connection        Field
	Port              Field
	RemoteUser        Field
	Timeout           Field
	Throttle          Field
	NoLog             Field
	RunOnce           Field
	IgnoreErrors      Field
	IgnoreUnreachable Field
	AnyErrorsFatal    Field
	CheckMode         Field
	Diff              Field
	DelegateTo        Field // not on plays
	DelegateFacts     Field // not on plays
	ModuleDefaults    []Field
}

// A Playbook is a file of plays with everything that it imports.
type Playbook struct {
	File  string
	Plays []*Play
}

// KafkaRolling is kops's own strategy: the servers of a cluster one after the other, as its health allows.
const KafkaRolling = "kafka_rolling"

// A Play maps hosts to roles and tasks.
type Play struct {
	Keywords
	Pos               value.Position
	File              string // the file that the play stands in
	Hosts             Field  // text or list of texts
	GatherFacts       Field
	GatherSubset      Field
	GatherTimeout     Field
	FactPath          Field
	Serial            Field // number, percentage, or list of these
	MaxFailPercentage Field
	Order             Field
	Strategy          Field
	ForceHandlers     Field
	VarsFiles         []Field // each a text, or a list of texts of which the first that exists counts
	VarsPrompt        []Prompt
	PreTasks          []Entry
	Roles             []Entry // one Block for each role, dependencies first
	Tasks             []Entry
	PostTasks         []Entry
	Handlers          []*Task // those of its roles, then the play's own: the order in which they run
	RolesUsed         []*Role // every role of the play with its dependencies, in the order of loading
}

// A Prompt asks for a variable.
type Prompt struct {
	Name, Text string
	Private    bool
	Confirm    bool
	Default    Field
	Pos        value.Position
}

// An Entry is a *Task or a *Block.
type Entry interface {
	// Base returns the keywords of the entry.
	Base() *Keywords
	// Up returns the block around the entry, nil at the top.
	Up() *Block
}

// A Block groups entries: a block of the file, or what an import or a role brought.
type Block struct {
	Keywords
	Pos    value.Position
	Origin Origin
	Block  []Entry
	Rescue []Entry
	Always []Entry
	Parent *Block
	Role   *Role // the role that the block belongs to, nil outside of roles
	Notify []Field

	Params     *value.Map // variables of an include, which win over the tasks' own
	Duplicates bool       // FromRole: runs even where the role has run already
}

// An Origin says where a block comes from.
type Origin int

// The origins.
const (
	FromFile   Origin = iota // block: in the file
	FromImport               // import_tasks
	FromRole                 // roles: or import_role
)

// Base returns the block's keywords.
func (b *Block) Base() *Keywords { return &b.Keywords }

// Up returns the block around b.
func (b *Block) Up() *Block { return b.Parent }

// A Task calls a module or an action.
type Task struct {
	Keywords
	Pos         value.Position
	File        string // the file that the task stands in
	Module      string // as written: "copy", "ansible.builtin.copy"
	ModulePos   value.Position
	Args        *value.Map // never nil; values may hold templates
	ArgsPos     map[string]value.Position
	ArgsFrom    Field // args: "{{ … }}", a template that gives a mapping
	FreeForm    Field // text that is not key=value: `command: ls -l`
	Loop        *Loop
	Register    string
	Until       []Expr
	Retries     Field
	Delay       Field
	ChangedWhen []Expr
	FailedWhen  []Expr
	Notify      []Field // texts
	Listen      []Field // handlers only: texts
	Async, Poll Field
	Apply       *Keywords // include_tasks/include_role: apply:, for the tasks that come
	Parent      *Block
	Role        *Role
	Handler     bool
}

// Base returns the task's keywords.
func (t *Task) Base() *Keywords { return &t.Keywords }

// Up returns the block around t.
func (t *Task) Up() *Block { return t.Parent }

// A Loop is loop: or with_NAME:.
type Loop struct {
	With             string // "" for loop:, else the lookup's name: "items", "dict"
	Items            Field  // a list, or a template
	LoopVar          Field
	IndexVar         Field
	Label            Field
	Pause            Field
	Extended         Field
	ExtendedAllitems Field
	BreakWhen        []Expr
}

// A Role is a loaded role.
type Role struct {
	Name            string
	Path            string     // its folder
	Defaults, Vars  *value.Map // never nil
	Params          *value.Map // what the use of the role gives besides keywords
	UseVars         *value.Map // vars: of the use
	Files           string     // what tasks_from and its like choose; uses of other files are others
	Entries         []Entry
	Handlers        []*Task
	Dependencies    []*Role
	Dependency      bool    // its first use is as a dependency
	Parents         []*Role // those that depend on it, nearest first
	AllowDuplicates bool
	Pos             value.Position // of the use
}
