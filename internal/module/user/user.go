// Package user is the module user: accounts of the host.
package user

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the account as it should be. Pointers that are nil leave things as they are.
type Spec struct {
	Name           string        `arg:"name,required,alias=user" doc:"name of the user"`
	State          string        `arg:"state,choices=present|absent" doc:"whether the account is there"`
	UID            *int          `arg:"uid" doc:"number of the user"`
	NonUnique      bool          `arg:"non_unique,with=uid" doc:"whether the number may be another user's too"`
	Group          *string       `arg:"group" doc:"primary group, by name or number; it must exist"`
	Groups         *[]string     `arg:"groups" doc:"supplementary groups, exactly these unless append is true; an empty list removes all"`
	Append         bool          `arg:"append" doc:"add to the supplementary groups and remove none"`
	Comment        *string       `arg:"comment" doc:"the full name"`
	Home           *string       `arg:"home" doc:"path of the home folder"`
	MoveHome       bool          `arg:"move_home" doc:"move the home folder where home changes"`
	CreateHome     bool          `arg:"create_home,alias=createhome" doc:"make the home folder where it is missing"`
	Skeleton       *string       `arg:"skeleton" doc:"folder whose content a new home folder gets"`
	Umask          *string       `arg:"umask" doc:"umask for a new home folder"`
	Shell          *string       `arg:"shell" doc:"login shell"`
	System         bool          `arg:"system" doc:"whether a new account gets a number of the system's range"`
	UIDMin         *int          `arg:"uid_min" doc:"smallest number for a new account"`
	UIDMax         *int          `arg:"uid_max" doc:"largest number for a new account"`
	SEUser         *string       `arg:"seuser" doc:"SELinux user of a new account"`
	Expires        *float64      `arg:"expires" doc:"when the account ends, in seconds since 1970; negative for never"`
	Password       module.Secret `arg:"password" doc:"the encrypted password, as /etc/shadow has it"`
	UpdatePassword string        `arg:"update_password,choices=always|on_create" doc:"whether an existing account's password is changed"`
	PasswordLock   *bool         `arg:"password_lock" doc:"whether logging in with a password is locked"`
	Remove         bool          `arg:"remove" doc:"with state absent, remove the home folder and the mail too"`
	Force          bool          `arg:"force" doc:"with state absent, remove even if the user is logged in"`

	Local         bool   `arg:"local,unsupported" doc:"libuser's commands are not used: leave it out"`
	GenerateKey   bool   `arg:"generate_ssh_key,unsupported" doc:"use command: ssh-keygen with creates"`
	KeyBits       int    `arg:"ssh_key_bits,unsupported" doc:"use command: ssh-keygen with creates"`
	KeyType       string `arg:"ssh_key_type,unsupported" doc:"use command: ssh-keygen with creates"`
	KeyFile       string `arg:"ssh_key_file,unsupported" doc:"use command: ssh-keygen with creates"`
	KeyComment    string `arg:"ssh_key_comment,unsupported" doc:"use command: ssh-keygen with creates"`
	KeyPassphrase string `arg:"ssh_key_passphrase,unsupported" doc:"use command: ssh-keygen with creates"`
	ExpireMax     int    `arg:"password_expire_max,unsupported" doc:"use command: chage"`
	ExpireMin     int    `arg:"password_expire_min,unsupported" doc:"use command: chage"`
	ExpireWarn    int    `arg:"password_expire_warn,unsupported" doc:"use command: chage"`
	ExpireDisable int    `arg:"password_expire_account_disable,unsupported" doc:"use command: chage"`
	LoginClass    string `arg:"login_class,unsupported" doc:"only systems other than Linux have it"`
	Hidden        bool   `arg:"hidden,unsupported" doc:"only macOS has it"`
	Profile       string `arg:"profile,unsupported" doc:"only systems other than Linux have it"`
	Authorization string `arg:"authorization,unsupported" doc:"only systems other than Linux have it"`
	Role          string `arg:"role,unsupported" doc:"only systems other than Linux have it"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "user", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Manage user accounts.",
			Notes:    []string{"The password goes to chpasswd by its standard input: no command line ever holds it."},
			Examples: "- user:\n    name: kafka\n    system: true\n    shell: /usr/sbin/nologin\n    home: /var/lib/kafka\n    create_home: false\n",
			Returns: []module.Return{
				{Name: "name", Type: "str", Text: "name of the user"},
				{Name: "state", Type: "str", Text: "present or absent, as asked for"},
				{Name: "uid", Type: "int", Text: "number of the user"},
				{Name: "group", Type: "int", Text: "number of the primary group"},
				{Name: "groups", Type: "str", Text: "the supplementary groups that were asked for, joined by commas"},
				{Name: "comment", Type: "str", Text: "the full name"},
				{Name: "home", Type: "str", Text: "path of the home folder"},
				{Name: "shell", Type: "str", Text: "login shell"},
				{Name: "append", Type: "bool", Text: "as asked for, where the account was there"},
				{Name: "move_home", Type: "bool", Text: "as asked for, where the account was there"},
				{Name: "create_home", Type: "bool", Text: "as asked for, where the account is new"},
				{Name: "system", Type: "bool", Text: "as asked for, where the account is new"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", CreateHome: true, UpdatePassword: "always"} },
	}
}

// Validate checks what tags cannot say. Text where a list of groups is wanted is split at
// commas, as everywhere.
func (s *Spec) Validate() error {
	switch {
	case s.Password != "" && strings.ContainsAny(s.Password.Reveal(), ":\n"):
		return fmt.Errorf("password: an encrypted password holds no colon and no line end: use the password_hash filter")
	case s.Home != nil && !path.IsAbs(*s.Home):
		return fmt.Errorf("home: %q is not an absolute path", *s.Home)
	}
	return nil
}

// Plan looks the account and the groups up.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	accounts, err := h.Accounts(ctx, []string{s.Name}, s.groupsToLookUp())
	if err != nil {
		return module.Change{}, fmt.Errorf("look up user %s: %w", s.Name, err)
	}
	before, exists := accounts.Users[s.Name]
	exists = exists && before.Name == s.Name // a number finds users of other names
	d, err := s.decide(before, exists, accounts.Groups)
	if err != nil {
		return module.Change{}, err
	}
	c := module.Change{Result: s.result(before, exists, exists)}
	if len(d.commands) == 0 && !d.password {
		return c, nil
	}
	c.Predict = module.Changes
	c.Diffs = []module.Diff{d.diff(s.Name)}
	c.Effects = d.effects
	for _, command := range d.commands {
		line := module.Quote(command...)
		c.Steps = append(c.Steps, module.Step{Summary: line, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
			return s.run(ctx, h, line)
		}})
	}
	if d.password {
		c.Steps = append(c.Steps, module.Step{Summary: "set the password of " + s.Name, Do: s.setPassword})
	}
	c.Steps = append(c.Steps, module.Step{Summary: "look up " + s.Name, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return s.lookUp(ctx, h, exists)
	}})
	return c, nil
}

func (s *Spec) groupsToLookUp() []string {
	groups := []string{s.Name}
	if s.Group != nil {
		groups = append(groups, *s.Group)
	}
	if s.Groups != nil {
		groups = append(groups, *s.Groups...)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// moveLimit is how long a home folder may take to be copied, moved or removed.
const moveLimit = time.Hour

func (s *Spec) run(ctx context.Context, h remote.Host, line string) (module.Outcome, error) {
	res, err := h.Script(remote.Patient(ctx, moveLimit), line)
	if err != nil {
		return module.Outcome{}, fmt.Errorf("user %s: %w", s.Name, err)
	}
	result := value.NewMap()
	for name, out := range map[string][]byte{"stdout": res.Stdout, "stderr": res.Stderr} {
		if len(out) > 0 {
			result.Set(name, string(out))
		}
	}
	return module.Outcome{Changed: true, Result: result}, nil
}

// setPassword hands the hash to chpasswd by its standard input.
func (s *Spec) setPassword(ctx context.Context, h remote.Host) (module.Outcome, error) {
	hash := s.Password.Reveal()
	if s.PasswordLock != nil && *s.PasswordLock {
		hash = "!" + strings.TrimLeft(hash, "!")
	}
	res, err := h.Exec(ctx, remote.Command{Argv: []string{"chpasswd", "-e"}, Stdin: strings.NewReader(s.Name + ":" + hash + "\n")})
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{Result: res}
	}
	if err != nil {
		return module.Outcome{}, fmt.Errorf("set the password of %s: %w", s.Name, err)
	}
	return module.Outcome{Changed: true}, nil
}

// lookUp reads what the account has become.
func (s *Spec) lookUp(ctx context.Context, h remote.Host, existed bool) (module.Outcome, error) {
	accounts, err := h.Accounts(ctx, []string{s.Name}, nil)
	if err != nil {
		return module.Outcome{}, fmt.Errorf("look up user %s: %w", s.Name, err)
	}
	u, exists := accounts.Users[s.Name]
	return module.Outcome{Result: s.result(u, exists, existed)}, nil
}

func (s *Spec) result(u remote.User, exists, existed bool) *value.Map {
	r := value.NewMap("name", s.Name, "state", s.State)
	if s.State == "absent" {
		if existed {
			r.Set("force", s.Force)
			r.Set("remove", s.Remove)
		}
		return r
	}
	if existed {
		r.Set("append", s.Append)
		r.Set("move_home", s.MoveHome)
	} else {
		r.Set("system", s.System)
		r.Set("create_home", s.CreateHome)
	}
	if s.Password != "" {
		r.Set("password", "NOT_LOGGING_PASSWORD")
	}
	if exists {
		r.Merge(value.NewMap("uid", int64(u.UID), "group", int64(u.GID), "comment", u.Comment, "home", u.Home, "shell", u.Shell))
		if s.Groups != nil {
			r.Set("groups", strings.Join(*s.Groups, ","))
		}
	}
	return r
}
