package user

import (
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

const hash = "$6$salt$abc"

func TestUser(t *testing.T) {
	args := moduletest.Args
	empty := func(h *remotetest.Host) {
		h.AddGroup("docker", 990)
		h.AddGroup("adm", 4)
		h.OnScript, h.OnExec = shadow, chpasswd
	}
	existing := func(h *remotetest.Host) {
		empty(h)
		h.AddUser("kafka", 500)
		u := h.UsersByName["kafka"]
		u.Groups = []string{"adm"}
		h.UsersByName["kafka"] = u
	}
	homeless := func(h *remotetest.Host) {
		existing(h)
		u := h.UsersByName["kafka"]
		u.HomeMissing = true
		h.UsersByName["kafka"] = u
	}
	user := func(check func(u remote.User) bool) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			if u := h.UsersByName["kafka"]; !check(u) {
				t.Errorf("user is %+v", u)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: existing, Args: args("name", "kafka"), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if got := value.Str(r); !strings.Contains(got, "'uid': 500, 'group': 500, 'comment': '', 'home': '/home/kafka', 'shell': '/bin/sh'") {
					t.Error(got)
				}
			}},
		{Name: "all as asked for", Setup: existing, Args: args("name", "kafka", "uid", "500", "group", "500", "groups", "adm",
			"home", "/home/kafka/", "shell", "/bin/sh", "comment", "", "expires", -1.0), Unchanged: true},
		{Name: "new", Setup: empty, Args: args("name", "kafka", "system", true, "shell", "/usr/sbin/nologin", "create_home", false),
			Check: user(func(u remote.User) bool { return u.Shell == "/usr/sbin/nologin" })},
		{Name: "new with groups and password", Setup: empty, Args: args("name", "kafka", "groups", "docker,adm", "password", hash),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if u := h.UsersByName["kafka"]; u.Password != hash || !reflect.DeepEqual(u.Groups, []string{"adm", "docker"}) {
					t.Errorf("user is %+v", u)
				}
				for _, c := range h.Calls() {
					if strings.Contains(c.Detail, hash) {
						t.Errorf("the password stands in a command: %s", c.Detail)
					}
				}
				if strings.Contains(value.Str(r), hash) {
					t.Errorf("the password stands in the result: %s", value.Str(r))
				}
			}},
		{Name: "append", Setup: existing, Args: args("name", "kafka", "groups", value.Strings([]string{"docker"}), "append", true),
			Check: user(func(u remote.User) bool { return reflect.DeepEqual(u.Groups, []string{"adm", "docker"}) })},
		{Name: "append what is there", Setup: existing, Args: args("name", "kafka", "groups", "adm", "append", true), Unchanged: true},
		{Name: "replace groups", Setup: existing, Args: args("name", "kafka", "groups", "docker"),
			Check: user(func(u remote.User) bool { return reflect.DeepEqual(u.Groups, []string{"docker"}) })},
		{Name: "no groups", Setup: existing, Args: args("name", "kafka", "groups", value.NewList()),
			Check: user(func(u remote.User) bool { return len(u.Groups) == 0 })},
		{Name: "other shell", Setup: existing, Args: args("name", "kafka", "shell", "/bin/bash"),
			Check: user(func(u remote.User) bool { return u.Shell == "/bin/bash" })},
		{Name: "password on create only", Setup: existing, Args: args("name", "kafka", "password", hash, "update_password", "on_create"), Unchanged: true},
		{Name: "locked already", Setup: existing, Args: args("name", "kafka", "password_lock", true), Unchanged: true},
		{Name: "home is missing", Setup: homeless, Args: args("name", "kafka"),
			Check: user(func(u remote.User) bool { return !u.HomeMissing })},
		{Name: "home is not asked for", Setup: homeless, Args: args("name", "kafka", "create_home", false), Unchanged: true},
		{Name: "remove", Setup: existing, Args: args("name", "kafka", "state", "absent", "remove", true),
			CheckPlan: func(t *testing.T, c module.Change) {
				if len(c.Effects) != 3 || !c.Effects[0].Gone || c.Effects[1].Path.Path != "/home/kafka" || c.Effects[2].Group.Name != "kafka" {
					t.Errorf("effects %+v", c.Effects)
				}
			}},
		{Name: "gone already", Setup: empty, Args: args("name", "kafka", "state", "absent"), Unchanged: true},
		{Name: "no such group", Setup: empty, Args: args("name", "kafka", "groups", "doker"), Err: "Group doker does not exist"},
		{Name: "plain password", Args: args("name", "kafka", "password", "a:b"), Err: "password: an encrypted password holds no colon"},
		{Name: "relative home", Args: args("name", "kafka", "home", "kafka"), Err: `home: "kafka" is not an absolute path`},
		{Name: "key", Args: args("name", "kafka", "generate_ssh_key", true), Err: "generate_ssh_key: not supported; use command: ssh-keygen"},
	})
}

func TestDecide(t *testing.T) {
	text := func(s string) *string { return &s }
	number := func(n int) *int { return &n }
	flag := func(b bool) *bool { return &b }
	seconds := func(f float64) *float64 { return &f }
	groups := map[string]remote.Group{"adm": {Name: "adm", GID: 4}, "4": {Name: "adm", GID: 4}, "docker": {Name: "docker", GID: 990}}
	old := remote.User{Name: "kafka", UID: 500, GID: 500, Group: "kafka", Home: "/home/kafka", Shell: "/bin/sh", Groups: []string{"docker"}, Password: hash, Expires: -1}
	for name, c := range map[string]struct {
		spec   Spec
		exists bool
		groups map[string]remote.Group
		want   string
	}{
		"all options of a new account": {Spec{UID: number(0), NonUnique: true, Group: text("adm"), Comment: text("Kafka"), Home: text("/srv/kafka"), CreateHome: true,
			Skeleton: text("/skel"), Umask: text("027"), Expires: seconds(86400 * 365), System: true, UIDMin: number(5), SEUser: text("user_u")}, false, groups,
			"mkdir -p -- /srv; useradd -u 0 -o -Z user_u -g adm -c Kafka -d /srv/kafka -e 1971-01-01 -m -k /skel -K UMASK=027 -r -K UID_MIN=5 kafka"},
		"a group of that name is there": {Spec{}, false, map[string]remote.Group{"kafka": {Name: "kafka", GID: 7}}, "useradd -g kafka -M kafka"},
		"a new account that is locked":  {Spec{PasswordLock: flag(true)}, false, nil, "useradd -M kafka; usermod -L kafka"},
		"primary group by number":       {Spec{Group: text("4")}, true, groups, "usermod -g adm kafka"},
		"move":                          {Spec{Home: text("/srv/kafka"), MoveHome: true}, true, nil, "usermod -d /srv/kafka -m kafka"},
		"end":                           {Spec{Expires: seconds(0)}, true, nil, "usermod -e 1970-01-01 kafka"},
		"lock":                          {Spec{PasswordLock: flag(true)}, true, nil, "usermod -L kafka"},
		"groups by number":              {Spec{Groups: &[]string{"4", "docker"}}, true, groups, "usermod -G adm,docker kafka"},
		"number":                        {Spec{UID: number(501), NonUnique: true}, true, nil, "usermod -u 501 -o kafka"},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Name, c.spec.State = "kafka", "present"
			d, err := c.spec.decide(old, c.exists, c.groups)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, command := range d.commands {
				lines = append(lines, strings.Join(command, " "))
			}
			if got := strings.Join(lines, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// shadow answers useradd, usermod and userdel.
func shadow(h *remotetest.Host, script string) (remote.Result, error) {
	words := strings.Fields(strings.ReplaceAll(script, "'", ""))
	name := words[len(words)-1]
	switch words[0] {
	case "userdel":
		delete(h.UsersByName, name)
		delete(h.GroupsByName, name)
		return remote.Result{}, nil
	case "sh": // makeHomeScript
		u := h.UsersByName["kafka"]
		u.HomeMissing = false
		h.UsersByName["kafka"] = u
		return remote.Result{}, nil
	case "mkdir":
		return remote.Result{}, nil
	case "useradd":
		h.AddUser(name, 999)
	}
	u := h.UsersByName[name]
	for i, w := range words {
		switch w {
		case "-u":
			u.UID, _ = strconv.Atoi(words[i+1])
		case "-s":
			u.Shell = words[i+1]
		case "-G":
			list := strings.FieldsFunc(words[i+1], func(r rune) bool { return r == ',' })
			if words[i+1] == name {
				list = nil
			}
			if words[i-1] == "-a" {
				list = append(append([]string{}, u.Groups...), list...)
			}
			u.Groups = list
		}
	}
	h.UsersByName[name] = u
	return remote.Result{}, nil
}

func chpasswd(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
	line, err := io.ReadAll(cmd.Stdin)
	name, hash, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
	u := h.UsersByName[name]
	u.Password = hash
	h.UsersByName[name] = u
	return remote.Result{}, err
}
