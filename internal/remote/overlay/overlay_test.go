package overlay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"kops/internal/remote"
	"kops/internal/remote/remotetest"
)

func dir(p string) remote.Effect {
	return remote.Effect{Path: &remote.File{Path: p, Exists: true, Type: fs.ModeDir, Mode: 0o755, Owner: "root", Group: "root"}}
}

func file(p, text string) remote.Effect {
	return remote.Effect{Path: &remote.File{Path: p, Exists: true, Mode: 0o644, Owner: "root", Group: "root", Content: []byte(text), Size: int64(len(text))}}
}

func link(p, to string) remote.Effect {
	return remote.Effect{Path: &remote.File{Path: p, Exists: true, Type: fs.ModeSymlink, Link: to, Owner: "root", Group: "root"}}
}

func gone(p string) remote.Effect { return remote.Effect{Path: &remote.File{Path: p}} }

func with(e remote.Effect, change func(*remote.Effect)) remote.Effect {
	change(&e)
	return e
}

func kept(e *remote.Effect)  { e.Kept = true }
func vague(e *remote.Effect) { e.Vague = true }
func doubt(e *remote.Effect) { e.Doubt = true }
func below(e *remote.Effect) { e.Doubt, e.Below = true, true }

func host() *remotetest.Host {
	h := remotetest.New()
	h.AddFile("/srv/a/old", "old text", 0o600)
	h.AddDir("/srv/a/sub", 0o700)
	h.AddLink("/srv/current", "a")
	h.AddLink("/srv/file", "a/old")
	return h
}

// see describes a path in a few words: what is there, its content or names, and through whom.
func see(t *testing.T, h remote.Reader, p string) string {
	t.Helper()
	files, err := h.Files(t.Context(), remote.FileQuery{Path: p, Follow: true, Content: 1 << 10, List: true})
	var unknown *Unknown
	switch {
	case errors.As(err, &unknown):
		return "unknown"
	case err != nil:
		t.Fatal(err)
	}
	f := files[0]
	switch {
	case f.Path != p:
		t.Errorf("asked for %s, told of %s", p, f.Path)
	case !f.Exists:
		return "absent"
	case f.IsDir():
		return "folder " + strings.Join(f.Names, " ")
	}
	return fmt.Sprintf("%s %04o", f.Content, f.Mode)
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		name    string
		effects []remote.Effect
		want    map[string]string
	}{
		{"nothing", nil, map[string]string{"/srv/a/old": "old text 0600", "/srv/current/old": "old text 0600", "/srv/none": "absent"}},
		{"a new file", []remote.Effect{file("/srv/a/new", "text")}, map[string]string{
			"/srv/a/new": "text 0644", "/srv/a": "folder new old sub", "/srv/current": "folder new old sub", "/srv/current/new": "text 0644"}},
		{"through a link", []remote.Effect{file("/srv/current/new", "text")}, map[string]string{"/srv/a/new": "text 0644"}},
		{"a link is followed", []remote.Effect{file("/srv/file", "text")}, map[string]string{"/srv/a/old": "text 0644", "/srv/file": "text 0644"}},
		{"a link is replaced", []remote.Effect{with(file("/srv/file", "text"), func(e *remote.Effect) { e.Unlink = true })},
			map[string]string{"/srv/a/old": "old text 0600", "/srv/file": "text 0644"}},
		{"attributes alone", []remote.Effect{with(remote.Effect{Path: &remote.File{Path: "/srv/a/old", Exists: true, Mode: 0o640, Owner: "root", Group: "root", Size: 8}}, kept)},
			map[string]string{"/srv/a/old": "old text 0640"}},
		{"attributes of what is new", []remote.Effect{file("/srv/x", "new"), with(remote.Effect{Path: &remote.File{Path: "/srv/x", Exists: true, Mode: 0o640, Owner: "root", Group: "root", Size: 3}}, kept)},
			map[string]string{"/srv/x": "new 0640"}},
		{"a folder goes", []remote.Effect{gone("/srv/a")}, map[string]string{"/srv/a": "absent", "/srv/a/old": "absent", "/srv/current/old": "absent", "/srv": "folder current file"}},
		{"and comes back empty", []remote.Effect{gone("/srv/a"), dir("/srv/a")}, map[string]string{"/srv/a": "folder ", "/srv/a/old": "absent"}},
		{"and comes back with what is made then", []remote.Effect{file("/srv/a/new", "1"), gone("/srv/a"), dir("/srv/a"), file("/srv/a/x", "2")},
			map[string]string{"/srv/a": "folder x", "/srv/a/new": "absent", "/srv/a/x": "2 0644"}},
		{"a folder that was there keeps what it has", []remote.Effect{dir("/srv/a")}, map[string]string{"/srv/a": "folder old sub", "/srv/a/old": "old text 0600"}},
		{"a new link", []remote.Effect{link("/srv/new", "/srv/a")}, map[string]string{"/srv/new/old": "old text 0600", "/srv/new": "folder old sub"}},
		{"a link elsewhere", []remote.Effect{dir("/srv/b"), file("/srv/b/x", "b"), link("/srv/current", "b")},
			map[string]string{"/srv/current/x": "b 0644", "/srv/current/old": "absent"}},
		{"a link to nothing", []remote.Effect{link("/srv/new", "none")}, map[string]string{"/srv/new": "absent"}},
		{"links in a circle are the host's business", []remote.Effect{link("/srv/p", "q"), link("/srv/q", "p")}, map[string]string{"/srv/p": "absent"}},
		{"folders above a new path", []remote.Effect{file("/srv/x/y/z", "z")}, map[string]string{"/srv/x/y/z": "z 0644", "/srv": "folder a current file x"}},
		{"known to exist, no more", []remote.Effect{with(file("/srv/a/v", ""), vague)}, map[string]string{"/srv/a/v": "unknown", "/srv/a": "folder old sub v"}},
		{"doubt", []remote.Effect{with(gone("/srv/a/old"), doubt)}, map[string]string{"/srv/a/old": "unknown", "/srv/file": "unknown", "/srv/a": "unknown", "/srv/a/sub": "folder "}},
		{"doubt about a folder", []remote.Effect{with(gone("/srv/a"), doubt)}, map[string]string{"/srv/a/old": "unknown", "/srv/current/x": "unknown", "/srv/file": "unknown"}},
		{"doubt below a folder", []remote.Effect{with(gone("/srv/a"), below)}, map[string]string{"/srv/a/none": "unknown", "/srv/a/old": "unknown", "/srv/none": "absent"}},
		{"certainty after doubt", []remote.Effect{with(gone("/srv/a"), below), file("/srv/a/x", "sure")}, map[string]string{"/srv/a/x": "sure 0644", "/srv/a/y": "unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewState()
			quiet := func() string { return "" }
			if err := New(host(), s, quiet).Apply(t.Context(), tt.effects...); err != nil {
				t.Fatal(err)
			}
			for p, want := range tt.want {
				if got := see(t, New(host(), s, quiet), p); got != want {
					t.Errorf("%s: %q, want %q", p, got, want)
				}
			}
		})
	}
}

// lay is a host with effects laid over it.
func lay(t *testing.T, h *remotetest.Host, effects ...remote.Effect) *Reader {
	t.Helper()
	s := NewState()
	if err := New(h, s, func() string { return "" }).Apply(t.Context(), effects...); err != nil {
		t.Fatal(err)
	}
	return New(h, s, func() string { return "" })
}

func TestOpen(t *testing.T) {
	r := lay(t, host(), file("/srv/new", "text"), gone("/srv/a/sub"), with(file("/srv/v", ""), vague))
	for p, want := range map[string]string{"/srv/new": "text", "/srv/file": "old text"} {
		c, err := r.Open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(c); string(text) != want {
			t.Errorf("%s: %q", p, text)
		}
	}
	if _, err := r.Open(t.Context(), "/srv/a/sub"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is gone: %v", err)
	}
	if _, err := r.Open(t.Context(), "/srv/v"); err == nil || r.Doubted() == "" {
		t.Errorf("what is not known: %v, doubted %q", err, r.Doubted())
	}
}

func TestPartialAsksForLess(t *testing.T) {
	r := lay(t, host(), with(file("/srv/v", ""), vague))
	files, err := r.Files(t.Context(), remote.FileQuery{Path: "/srv/v", Hash: "sha1", Partial: true})
	if err != nil || !files[0].Exists || !files[0].Foreseen || files[0].Checksum != "" {
		t.Errorf("%+v, %v", files, err)
	}
}

func TestChecksums(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	r := lay(t, host(), file("/srv/x", "text"), remote.Effect{Path: &remote.File{Path: "/srv/got", Exists: true, Size: -1, Checksum: sum, Owner: "root", Group: "root"}})
	files, err := r.Files(t.Context(), remote.FileQuery{Path: "/srv/x", Hash: "sha1"}, remote.FileQuery{Path: "/srv/got", Hash: "sha256"})
	if err != nil || files[0].Checksum != "372ea08cab33e71c02c651dbc83a474d32c676ea" || files[1].Checksum != sum {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := r.Files(t.Context(), remote.FileQuery{Path: "/srv/got", Hash: "md5"}); err == nil {
		t.Error("another algorithm's checksum is known")
	}
}

func TestOwners(t *testing.T) {
	h := host()
	h.AddUser("ann", 1001)
	h.Chown("/srv/a/old", 1001, 0)
	h.Chown("/srv/a/sub", 1500, 0)
	user := func(name string, uid int) remote.Effect {
		return remote.Effect{User: &remote.User{Name: name, UID: uid, GID: uid}}
	}
	leaves := with(user("ann", 1001), func(e *remote.Effect) { e.Gone = true })
	for _, tt := range []struct {
		name      string
		effects   []remote.Effect
		path, own string
	}{
		{"as it is", []remote.Effect{user("bob", 1002)}, "/srv/a/old", "ann"},
		{"gone", []remote.Effect{leaves}, "/srv/a/old", "1001"},
		{"renumbered", []remote.Effect{user("ann", 7)}, "/srv/a/old", "1001"},
		{"back with the next free number", []remote.Effect{leaves, user("ann", -1)}, "/srv/a/old", "unknown"},
		{"a number that gets a name", []remote.Effect{user("bob", 1500)}, "/srv/a/sub", "bob"},
		{"a number that may get a name", []remote.Effect{user("bob", -1)}, "/srv/a/sub", "unknown"},
	} {
		files, err := lay(t, h, tt.effects...).Files(t.Context(), remote.FileQuery{Path: tt.path})
		got := "unknown"
		if err == nil {
			got = files[0].Owner
		}
		if got != tt.own {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.own)
		}
	}
}

func TestAccounts(t *testing.T) {
	h := host()
	h.AddUser("ann", 1001)
	u := h.UsersByName["ann"]
	u.Groups = []string{"docker", "adm"}
	h.UsersByName["ann"] = u
	h.AddGroup("docker", 900)
	r := lay(t, h, remote.Effect{User: &remote.User{Name: "bob", UID: 1002}}, remote.Effect{Group: &remote.Group{Name: "docker"}, Gone: true},
		remote.Effect{Group: &remote.Group{Name: "ann", GID: 50}})
	a, err := r.Accounts(t.Context(), []string{"ann", "bob", "1002", "carl"}, []string{"docker", "50"})
	if err != nil {
		t.Fatal(err)
	}
	if a.Users["bob"].UID != 1002 || a.Users["1002"].Name != "bob" || len(a.Users) != 3 || a.Groups["50"].Name != "ann" || len(a.Groups) != 1 {
		t.Errorf("%+v", a)
	}
	if got := a.Users["ann"]; len(got.Groups) != 1 || got.GID != 50 {
		t.Errorf("%+v", got)
	}
	doubtful := lay(t, h, remote.Effect{User: &remote.User{Name: "ann"}, Doubt: true})
	if _, err := doubtful.Accounts(t.Context(), []string{"ann"}, nil); err == nil {
		t.Error("a user who may change is known")
	}
}

func TestPackagesBringWhatBearsTheirName(t *testing.T) {
	h := host()
	h.AddUnit("nginx-extra.service", "active", "enabled")
	r := func() *Reader {
		return lay(t, h, remote.Effect{Package: &remote.Package{Name: "nginx", Installed: true}})
	}
	for p, want := range map[string]string{"/etc/nginx/site": "unknown", "/etc/other": "absent", "/usr/local/nginx": "absent", "/srv/a/old": "old text 0600"} {
		if got := see(t, r(), p); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
	if _, err := r().Accounts(t.Context(), []string{"nginx"}, nil); err == nil {
		t.Error("the user that the package may bring is known to be absent")
	}
	if _, err := r().Units(t.Context(), "nginx.service"); err == nil {
		t.Error("the unit that the package may bring is known to be absent")
	}
	if units, err := r().Units(t.Context(), "nginx-extra.service", "other.service"); err != nil || units[0].ActiveState != "active" || units[1].Exists() {
		t.Errorf("%+v, %v", units, err)
	}
	packages, err := r().Packages(t.Context(), "apt", "nginx")
	if err != nil || !packages["nginx"].Installed {
		t.Errorf("%+v, %v", packages, err)
	}
	if _, err := r().Packages(t.Context(), "apt", "nginx-common"); err == nil {
		t.Error("what another package may bring along is known to be absent")
	}
}

func TestUnits(t *testing.T) {
	h := host()
	h.AddUnit("on.service", "active", "enabled")
	h.AddUnit("off.service", "inactive", "disabled")
	h.AddUnit("stale.service", "active", "enabled")
	u := h.UnitsByName["stale.service"]
	u.NeedDaemonReload, u.Properties = true, map[string]string{"DropInPaths": "/etc/systemd/system/stale.service.d/x.conf"}
	h.UnitsByName[u.Name] = u
	const text = "[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
	unit := func(name, active string) remote.Effect {
		return remote.Effect{Unit: &remote.Unit{Name: name, LoadState: "loaded", ActiveState: active, UnitFileState: "enabled", FragmentPath: "/etc/systemd/system/" + name,
			Properties: map[string]string{"Wants": "off.service"}}, Acts: true}
	}
	reload := remote.Effect{Reload: true}
	for _, tt := range []struct {
		name, unit, want string
		effects          []remote.Effect
	}{
		{"a new file", "new.service", "loaded inactive disabled oneshot false", []remote.Effect{file("/etc/systemd/system/new.service", text)}},
		{"no file", "new.service", "not-found inactive   false", []remote.Effect{file("/etc/systemd/system/newer.service", text)}},
		{"a file of unknown content", "new.service", "unknown", []remote.Effect{with(file("/etc/systemd/system/new.service", ""), vague)}},
		{"a changed file of a loaded unit", "on.service", "loaded active enabled  true", []remote.Effect{file("/etc/systemd/system/on.service", text)}},
		{"a changed file of a unit at rest", "off.service", "loaded inactive disabled  false", []remote.Effect{file("/etc/systemd/system/off.service", text)}},
		{"a new drop-in", "on.service", "unknown", []remote.Effect{file("/etc/systemd/system/on.service.d/x.conf", text)}},
		{"files that changed before", "stale.service", "loaded active enabled  true", nil},
		{"and a reload", "stale.service", "loaded active enabled  false", []remote.Effect{reload}},
		{"and a drop-in that changes", "stale.service", "loaded active enabled  true", []remote.Effect{reload, file("/etc/systemd/system/stale.service.d/x.conf", text)}},
		{"a changed file, and a reload", "on.service", "loaded active enabled  false", []remote.Effect{file("/etc/systemd/system/on.service", text), reload}},
		{"a file that goes", "on.service", "unknown", []remote.Effect{gone("/etc/systemd/system/on.service")}},
		{"started", "new.service", "loaded active enabled  false", []remote.Effect{file("/etc/systemd/system/new.service", text), unit("new.service", "active")}},
		{"started by another", "off.service", "unknown", []remote.Effect{unit("new.service", "active")}},
	} {
		units, err := lay(t, h, tt.effects...).Units(t.Context(), tt.unit)
		got := "unknown"
		if err == nil {
			u := units[0]
			got = fmt.Sprint(u.LoadState, " ", u.ActiveState, " ", u.UnitFileState, " ", u.Properties["Type"], " ", u.NeedDaemonReload)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDialIsNotTrustedAfterAServiceMoved(t *testing.T) {
	r := New(host(), NewState(), func() string { return "Start Kafka" })
	if _, err := r.Dial(t.Context(), "tcp", "127.0.0.1:9092"); err == nil || !strings.Contains(r.Doubted(), "127.0.0.1:9092 answers after 'Start Kafka'") {
		t.Errorf("%v, doubted %q", err, r.Doubted())
	}
}

func TestObjects(t *testing.T) {
	o := remote.Object{Kind: "container", Name: "web"}
	r := lay(t, host(), remote.Effect{Object: &o, Gone: true})
	if touched, gone := r.Object(o); !touched || !gone {
		t.Error("a container that would be removed is taken to stay")
	}
	if touched, _ := r.Object(remote.Object{Kind: "image", Name: "web"}); touched {
		t.Error("the image of that name is not touched")
	}
}
