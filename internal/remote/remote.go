// Package remote says what a host can do, as interfaces: Reader for those who only look,
// Host for those who change it. A Host is bound to the user that acts: become is decided
// by whoever makes the Host.
package remote

import (
	"context"
	"io"
	"io/fs"
	"net"
	"time"
)

// A Reader looks at a host and never modifies it. Each call is one round trip, however
// many things are asked for in it.
type Reader interface {
	// Files describes the queried paths, in the order of the queries. A path that does
	// not exist is no error: its File says so.
	Files(ctx context.Context, queries ...FileQuery) ([]File, error)
	// Accounts looks users and groups up by name or number, in one go. What does not exist is
	// left out of the maps.
	Accounts(ctx context.Context, users, groups []string) (Accounts, error)
	// Units describes systemd units in the order of the names ("kafka.service"); a unit that does not
	// exist has LoadState "not-found".
	Units(ctx context.Context, names ...string) ([]Unit, error)
	// Packages answers which of the named packages are installed, by the given manager
	// ("apt", "dnf").
	Packages(ctx context.Context, manager string, names ...string) (map[string]Package, error)
	// Query runs a POSIX shell script that only reads, in the host's long-lived shell. A
	// non-zero exit status is not an error.
	Query(ctx context.Context, script string) (Result, error)
	// Open reads a file, from its beginning.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
	// Dial opens a connection from the host's side: "tcp" and "127.0.0.1:9092", "unix"
	// and "/run/docker.sock". It has working deadlines.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// User returns the name of the user that acts here.
	User() string
}

// A Host is a Reader that can also change the host.
type Host interface {
	Reader
	// Exec runs a user's command on a channel of its own. A non-zero exit status is not
	// an error; not being able to run the command is.
	Exec(ctx context.Context, cmd Command) (Result, error)
	// Script runs one of kops's own POSIX shell scripts in the host's long-lived shell. A
	// non-zero exit status is a *ScriptError.
	Script(ctx context.Context, script string) (Result, error)
	// Hold runs one of kops's own scripts in the host's long-lived shell itself, so that what it opens
	// as descriptor 9, a lock, stays open as long as that shell; no other script and no command sees
	// the descriptor. Where it exits with 0, the shell is kept as long as the connection, and a shell that
	// has to take its place runs the script first: where that fails, so does what needed the
	// shell. The script must not call exit. An empty one lets go of what was held. When the script is on
	// its way, sent is called, unless it is nil: reads made ahead may go behind it from then on.
	Hold(ctx context.Context, script string, sent func()) (Result, error)
	// Stream runs one of kops's own scripts that only reads, on a channel of its own, and returns its output as it
	// comes; what names it for errors: "read /var/log/kafka/server.log". The end of a script with a non-zero exit
	// status is a *ScriptError in place of io.EOF. Standard input stays open until Close or the end of the connection, which end
	// nothing else on the host: a script that may go on for ever has to watch it. What Patience says is how long it may be
	// silent on both of its outputs while somebody reads; the time between two reads does not count.
	Stream(ctx context.Context, what, script string) (io.ReadCloser, error)
	// WriteFile replaces a file atomically: a temporary file beside it, fsync, rename.
	// A link is followed: it is what it points at that is replaced.
	// Owner, mode and SELinux label of a file that is replaced are kept where opts is silent.
	WriteFile(ctx context.Context, path string, content io.Reader, opts WriteOptions) error
	// WriteFiles replaces many files, each atomically as WriteFile does, with fewer round trips than there
	// are files. Owner and mode where a NewFile is silent are those of a new file. Where it
	// fails, some of the files may have been written.
	WriteFiles(ctx context.Context, files []NewFile) error
	// Systemd changes units and waits for the result of the job.
	Systemd(ctx context.Context, verb SystemdVerb, units ...string) error
}

// A FileQuery asks about one path.
type FileQuery struct {
	Path    string
	Follow  bool   // describe what a link points at
	Hash    string // "sha1", "sha256", "sha512", "md5", AnyHash: checksum of a regular file; "" for none
	Content int64  // return the content of a regular file of at most so many bytes
	List    bool   // names in a folder
	// Partial asks for existence and type above all: in check mode the rest may be left out where
	// an earlier task would change it. Without it, what is not known is an error.
	Partial bool
}

// AnyHash asks for the checksum that is computed soonest of those that nobody can forge:
// BLAKE2b, or SHA-256 where the host has no b2sum. File.HashedBy tells which it was.
const AnyHash = "any"

// A File describes a path, as stat does.
type File struct {
	Path                           string
	Exists                         bool
	Type                           fs.FileMode // type bits alone: fs.ModeDir, fs.ModeSymlink …; 0 for a regular file
	Mode                           fs.FileMode // permission bits with setuid, setgid, sticky as in Unix: 0o7777
	UID, GID                       int
	Owner                          string // the number as text where there is no name
	Group                          string
	Size                           int64
	ModTime                        time.Time
	AccTime                        time.Time
	ChgTime                        time.Time
	Inode                          uint64
	Device                         uint64
	Links                          uint64
	Link                           string   // target of a link, as it stands there
	Checksum                       string   // hex; empty where none was asked for, the file is not regular or not Readable
	HashedBy                       string   // the algorithm of Checksum: "sha1", "sha256", "sha512", "md5", "blake2b"
	Content                        []byte   // nil where none was asked for, the file is larger than asked for or not Readable
	Names                          []string // sorted; where List was asked for and Path is a folder that is Readable
	Readable, Writable, Executable bool     // for the acting user
	Foreseen                       bool     // check mode: an earlier task would leave it so; times, inode and device are not known
}

// IsRegular tells whether the path is an existing regular file.
func (f File) IsRegular() bool { return f.Exists && f.Type == 0 }

// IsDir tells whether the path is an existing folder.
func (f File) IsDir() bool { return f.Exists && f.Type == fs.ModeDir }

// IsLink tells whether the path is an existing symbolic link.
func (f File) IsLink() bool { return f.Exists && f.Type == fs.ModeSymlink }

// Accounts are users and groups, keyed by the name or number that was asked for.
type Accounts struct {
	Users  map[string]User
	Groups map[string]Group
}

// A User is an entry of the passwd database.
type User struct {
	Name     string
	UID, GID int
	Comment  string
	Home     string
	Shell    string
	Group    string   // name of the primary group
	Groups   []string // supplementary groups, sorted
	Password string   // the field of the shadow database ("!", a hash), "" where it cannot be read
	Expires  int64    // days since 1970, -1 for never

	HomeMissing bool // Home does not exist on the host
}

// A Group is an entry of the group database.
type Group struct {
	Name    string
	GID     int
	Members []string
}

// A Unit is a systemd unit as systemd describes it.
type Unit struct {
	Name             string
	LoadState        string // loaded, not-found, masked, error, bad-setting
	ActiveState      string // active, inactive, failed, activating, deactivating, reloading
	SubState         string // running, exited, dead …
	UnitFileState    string // enabled, disabled, static, masked, indirect, generated …; "" if there is no file
	FragmentPath     string
	NeedDaemonReload bool
	MainPID          int
	NRestarts        int
	Result           string            // success, exit-code …
	Properties       map[string]string // all properties that were read, as systemctl show words them
	Foreseen         bool              // check mode: an earlier task would leave it so; states and paths are known, no more
}

// Exists tells whether systemd knows the unit.
func (u Unit) Exists() bool { return u.LoadState != "" && u.LoadState != "not-found" }

// A Package is an installed package.
type Package struct {
	Name      string
	Version   string
	Arch      string
	Installed bool
	Held      bool
}

// A Command is a user's command.
type Command struct {
	Argv        []string // run without a shell; or
	Shell       string   // a line for the shell
	Interpreter string   // the shell's path, "/bin/sh" if empty
	Dir         string
	Env         []string  // "NAME=value"
	Stdin       io.Reader // nil for /dev/null
	First       string    // one of kops's own scripts that must succeed before, in the same round trip; else a *FirstError
}

// A Result is what a command left.
type Result struct {
	ExitCode int
	Stdout   []byte
	Stderr   []byte
	Duration time.Duration
}

// WriteOptions say how a file is written.
type WriteOptions struct {
	Mode         *fs.FileMode // 0o7777; nil keeps the old file's, or 0666 less umask for a new one
	Owner, Group string       // name or number; "" keeps
	Size         int64        // of content, for progress; -1 or 0 if unknown
	Backup       string       // path under which the old file is kept; "" for none
	Validate     string       // a command with %s for the temporary file's path; it must exit with 0
	InPlace      bool         // unsafe_writes: only where a rename is refused
	ModTime      time.Time    // zero for now
	First        string       // as a Command's: before anything of the file is visible
}

// A NewFile is one of many that are written. Its Size must be that of the content, or -1.
type NewFile struct {
	Path string
	Open func() (io.ReadCloser, error)
	WriteOptions
}

// A SystemdVerb is a change to units.
type SystemdVerb string

// The verbs. DaemonReload takes no units.
const (
	Start           SystemdVerb = "start"
	Stop            SystemdVerb = "stop"
	Restart         SystemdVerb = "restart"
	Reload          SystemdVerb = "reload"
	ReloadOrRestart SystemdVerb = "reload-or-restart"
	Enable          SystemdVerb = "enable"
	Disable         SystemdVerb = "disable"
	Mask            SystemdVerb = "mask"
	Unmask          SystemdVerb = "unmask"
	DaemonReload    SystemdVerb = "daemon-reload"
)
