package remote

import "context"

// An Effect is one thing that a change leaves different: what later tasks of a check run may
// count on. One of the pointers says what it is about.
type Effect struct {
	Path    *File // Exists false: it will be gone, with all below it
	User    *User
	Group   *Group
	Unit    *Unit
	Package *Package
	Object  *Object

	Gone bool // User, Group, Unit, Object: it will be gone

	Kept   bool // Path: the content stays what it was, owner, group and mode alone change
	Unlink bool // Path: a link that is there is replaced, not followed
	Vague  bool // Path: that it exists and its type are known, no more

	Doubt bool // whether it changes, and to what, only doing it can tell
	Below bool // with Doubt, Path: it is what lies below the folder that may change

	Acts   bool // a service starts, stops, restarts or reads its configuration anew
	Reload bool // systemd reads the files of all units anew; needs no pointer
}

// An Object is a thing of Docker's.
type Object struct {
	Kind string // "container", "image", "volume"
	Name string
}

// A Foreseer is the Reader of a check run: it answers as if earlier tasks had been done.
// Query reaches the host as it is, and so does Dial where no service is touched: a module that
// reads by them asks here what they cannot see.
type Foreseer interface {
	Reader
	// Touched tells whether an earlier task would change what is at path, on the way to it, or below it.
	Touched(ctx context.Context, path string) (bool, error)
	// Below lists the paths at and below a folder that earlier tasks would change, whether
	// they exist afterwards or not.
	Below(ctx context.Context, path string) ([]string, error)
	// Object returns what earlier tasks would do to a thing of Docker's: nothing, remove it, or
	// bring it or change it.
	Object(o Object) (touched, gone bool)
	// UnitTouched tells whether an earlier task would start, stop, restart or change one of the units.
	UnitTouched(names ...string) bool
	// Network is nil where what services answer is as it will be after earlier tasks.
	Network() error
	// Unknown is the error for what the module cannot know because of an earlier task. It makes
	// the task's result unknown, whatever the module does with it.
	Unknown(what string) error
}
