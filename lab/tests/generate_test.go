//go:build lab

package tests

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// An experiment is a playbook for one host and what the host has before. "@" stands for a name that no other experiment has.
type experiment struct {
	seed     uint64
	start    []string // shell lines
	tasks    []task
	settles  bool // each thing has one task: a second run must change nothing
	handlers []task
}

// A task is one of a playbook, as JSON writes it.
type task map[string]any

// render replaces "@" by a name.
func (e experiment) render(name, host string) (start, play string) {
	var b strings.Builder
	fmt.Fprintf(&b, "- name: experiment %s\n  hosts: %s\n  gather_facts: false\n  become: true\n  ignore_errors: true\n  vars: {text: \"line %s\"}\n  tasks:\n", name, host, name)
	list := func(tasks []task) {
		for _, t := range tasks {
			line, err := json.Marshal(t)
			if err != nil {
				panic(err) // tasks hold texts, numbers, lists and mappings alone
			}
			b.WriteString("    - " + string(line) + "\n")
		}
	}
	list(e.tasks)
	if len(e.handlers) > 0 {
		b.WriteString("  handlers:\n")
		list(e.handlers)
	}
	replace := strings.NewReplacer("@", name)
	return replace.Replace(strings.Join(e.start, "\n") + "\n"), replace.Replace(b.String())
}

// A generator makes experiments.
type generator struct {
	r    *rand.Rand
	used map[string]bool
	e    experiment
	n    int // results registered
}

var (
	folders = []string{"/srv/@/d", "/srv/@/d/e", "/srv/@/n", "/srv/@/n/m"}
	files   = []string{"/srv/@/f", "/srv/@/g", "/srv/@/d/f", "/srv/@/d/e/g", "/srv/@/n/f", "/srv/@/n/m/g"}
	links   = []string{"/srv/@/l", "/srv/@/k", "/srv/@/d/l"}
	texts   = []string{"", "one\n", "one\ntwo\n", "one\ntwo\nthree\n", "no end of line", "key=1\nkey=2\n"}
	modes   = []string{"0644", "0600", "0755", "0750", "0640"}
	people  = []string{"@a", "@b"}
	circles = []string{"@g", "@h"}
	units   = []string{"@u.service", "@v.service"}
)

const unitText = "[Unit]\nDescription=%s\n[Service]\n%s\n[Install]\nWantedBy=multi-user.target\n"

var daemons = []string{"ExecStart=/bin/sleep infinity", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", "Type=oneshot\nExecStart=/bin/true"}

// generate makes the experiment that belongs to a seed.
func generate(seed uint64) experiment {
	g := &generator{r: rand.New(rand.NewPCG(seed, 4)), used: map[string]bool{}}
	g.e.seed, g.e.settles = seed, g.chance(2)
	g.before()
	for n := 4 + g.r.IntN(7); len(g.e.tasks) < n; {
		g.task()
	}
	return g.e
}

func (g *generator) chance(of int) bool          { return g.r.IntN(of) == 0 }
func (g *generator) pick(list []string) string   { return list[g.r.IntN(len(list))] }
func (g *generator) some(list []string) []string { return list[:g.r.IntN(len(list)+1)] }
func (g *generator) shell(f string, a ...any)    { g.e.start = append(g.e.start, fmt.Sprintf(f, a...)) }
func (g *generator) unit(what, service int) string {
	return fmt.Sprintf(unitText, fmt.Sprint("version ", what), daemons[service])
}

// before makes what the host has at the beginning.
func (g *generator) before() {
	g.shell("mkdir -p /srv/@")
	for _, name := range circles {
		if g.chance(2) {
			g.shell("groupadd %s", name)
		}
	}
	for _, name := range people {
		if g.chance(2) {
			g.shell("useradd -m -d /srv/@/home_%s -s /bin/sh %s", name[1:], name)
		}
	}
	for _, dir := range folders {
		if !g.chance(4) {
			g.shell("mkdir -p %s && chmod %s %s", dir, g.pick([]string{"0755", "0750"}), dir)
		}
	}
	for _, f := range files {
		if g.chance(2) {
			g.shell("[ ! -d $(dirname %[1]s) ] || { printf '%[2]s' > %[1]s && chmod %[3]s %[1]s; }", f, strings.ReplaceAll(g.pick(texts), "\n", `\n`), g.pick(modes))
			g.shell("chown %s %s 2>/dev/null || true", g.pick(people), f)
		}
	}
	for _, l := range links {
		if g.chance(3) {
			g.shell("[ ! -d $(dirname %[2]s) ] || ln -s %[1]s %[2]s", g.pick([]string{"/srv/@/f", "/srv/@/d", "/srv/@/none", "f"}), l)
		}
	}
	for _, u := range units {
		if g.chance(2) {
			g.shell("printf '%s' > /etc/systemd/system/%s", strings.ReplaceAll(g.unit(0, g.r.IntN(2)), "\n", `\n`), u)
			g.shell("[ %d = 1 ] || systemctl --quiet enable %s", g.r.IntN(2), u)
			g.shell("[ %d = 1 ] || systemctl start %s", g.r.IntN(2), u)
		}
	}
}

// fresh tells whether a task may manage a thing: any number of times, or once where the second run must change nothing.
func (g *generator) fresh(thing string) bool {
	if g.e.settles && g.used[thing] {
		return false
	}
	g.used[thing] = true
	return true
}

// attributes adds some of owner, group and mode.
func (g *generator) attributes(args map[string]any) map[string]any {
	if g.chance(2) {
		args["mode"] = g.pick(modes)
	}
	if g.chance(4) {
		args["owner"] = g.pick(append([]string{"root"}, people...))
	}
	if g.chance(4) {
		args["group"] = g.pick(append([]string{"root"}, circles...))
	}
	return args
}

func (g *generator) add(module string, args map[string]any) {
	t := task{"name": fmt.Sprintf("%d %s", len(g.e.tasks)+1, module), module: args}
	if g.n > 0 && g.chance(6) {
		t["when"] = fmt.Sprintf("r%d is changed", 1+g.r.IntN(g.n))
	}
	if g.chance(4) {
		g.n++
		t["register"] = fmt.Sprintf("r%d", g.n)
	}
	if g.chance(6) {
		t["notify"] = "handle"
		g.e.handlers = []task{{"name": "handle", "copy": map[string]any{"content": "handled\n", "dest": "/srv/@/handled"}}}
	}
	g.e.tasks = append(g.e.tasks, t)
}

// task adds one task.
func (g *generator) task() {
	switch g.r.IntN(14) {
	case 0, 1:
		g.folder()
	case 2, 3:
		g.content()
	case 4:
		g.line()
	case 5:
		g.link()
	case 6:
		g.absent()
	case 7:
		g.user()
	case 8:
		g.group()
	case 9:
		g.unitFile()
	case 10:
		g.service()
	case 11:
		g.reading()
	case 12:
		g.fileState()
	case 13:
		g.loop()
	}
}

func (g *generator) folder() {
	if p := g.pick(folders); g.fresh(p) {
		args := g.attributes(map[string]any{"path": p, "state": "directory"})
		if g.chance(5) && !g.e.settles {
			args["recurse"] = true
		}
		g.add("file", args)
	}
}

func (g *generator) content() {
	p := g.pick(files)
	if !g.fresh(p) {
		return
	}
	switch g.r.IntN(3) {
	case 0:
		g.add("template", g.attributes(map[string]any{"src": "t.j2", "dest": p}))
	case 1:
		args := g.attributes(map[string]any{"content": g.pick(texts[1:]), "dest": p})
		if g.chance(4) {
			args["force"] = false
		}
		g.add("copy", args)
	case 2:
		src := g.pick(files)
		if g.e.settles {
			src = "/etc/hostname"
		}
		g.add("copy", g.attributes(map[string]any{"src": src, "remote_src": true, "dest": p}))
	}
}

func (g *generator) line() {
	p := g.pick(files)
	if !g.fresh(p) {
		return
	}
	args := map[string]any{"path": p, "line": g.pick([]string{"two", "key=3", "new"}), "create": g.chance(2)}
	if g.chance(3) {
		args["regexp"], args["line"] = "^key=", "key=3"
	}
	if g.chance(4) {
		args = map[string]any{"path": p, "regexp": "o", "state": "absent"}
	}
	g.add("lineinfile", args)
}

func (g *generator) link() {
	p := g.pick(links)
	if !g.fresh(p) {
		return
	}
	src := g.pick([]string{"/srv/@/f", "/srv/@/g", "/srv/@/d", "/srv/@/none", "/srv/@/n", "f"})
	g.add("file", map[string]any{"path": p, "src": src, "state": "link", "force": g.chance(2)})
}

func (g *generator) absent() {
	things := append(append(append([]string{}, files...), links...), folders...)
	if g.e.settles {
		things = append([]string{}, links...) // what is removed with a folder is made again by other tasks
	}
	if p := g.pick(things); g.fresh(p) {
		g.add("file", map[string]any{"path": p, "state": "absent"})
	}
}

func (g *generator) user() {
	name := g.pick(people)
	if !g.fresh(name) {
		return
	}
	if g.chance(4) {
		g.add("user", map[string]any{"name": name, "state": "absent", "remove": g.chance(2)})
		return
	}
	args := map[string]any{"name": name, "home": "/srv/@/home_" + name[1:], "create_home": g.chance(2)}
	if g.chance(3) {
		args["groups"], args["append"] = g.some(circles), g.chance(2)
	}
	if g.chance(3) {
		args["shell"] = g.pick([]string{"/bin/sh", "/bin/bash"})
	}
	if g.chance(4) {
		args["comment"] = "somebody"
	}
	g.add("user", args)
}

func (g *generator) group() {
	name := g.pick(circles)
	if !g.fresh(name) {
		return
	}
	state := "present"
	if g.chance(3) {
		state = "absent"
	}
	g.add("group", map[string]any{"name": name, "state": state})
}

func (g *generator) unitFile() {
	u := g.pick(units)
	if !g.fresh("file of " + u) {
		return
	}
	if g.chance(4) {
		g.add("file", map[string]any{"path": "/etc/systemd/system/" + u + ".d", "state": "directory"})
		g.add("copy", map[string]any{"content": "[Service]\nEnvironment=A=" + fmt.Sprint(g.r.IntN(3)) + "\n", "dest": "/etc/systemd/system/" + u + ".d/env.conf"})
		return
	}
	service := 0
	if !g.e.settles {
		service = g.r.IntN(len(daemons))
	}
	g.add("copy", map[string]any{"content": g.unit(g.r.IntN(3), service), "dest": "/etc/systemd/system/" + u})
}

func (g *generator) service() {
	u := g.pick(units)
	if !g.fresh(u) {
		return
	}
	g.used["file of "+u] = true // a file that changes after the start would be found by the second run
	args := map[string]any{"name": u}
	states := []string{"started", "stopped", "restarted"}
	if g.e.settles {
		states = states[:2]
	}
	if g.chance(2) {
		args["state"] = g.pick(states)
	}
	if g.chance(2) || args["state"] == nil {
		args["enabled"] = g.chance(2)
	}
	if g.chance(3) {
		args["daemon_reload"] = true
	}
	g.add("systemd", args)
}

// reading adds a look at something, and a task that depends on what was seen.
func (g *generator) reading() {
	p := g.pick(append(append([]string{}, files...), links...))
	g.n++
	r := fmt.Sprintf("r%d", g.n)
	g.e.tasks = append(g.e.tasks, task{"name": "look", "stat": map[string]any{"path": p}, "register": r})
	if to := g.pick(files); g.fresh(to) {
		condition := r + ".stat.exists"
		if g.chance(2) {
			condition = r + ".stat.size | default(0) > 5"
		}
		if !g.e.settles {
			g.e.tasks = append(g.e.tasks, task{"name": "seen", "copy": map[string]any{"content": "seen\n", "dest": to}, "when": condition})
		}
	}
}

func (g *generator) fileState() {
	if g.e.settles {
		return
	}
	p := g.pick(append(append([]string{}, files...), links...))
	switch g.r.IntN(3) {
	case 0:
		g.add("file", g.attributes(map[string]any{"path": p, "state": "touch"}))
	case 1:
		g.add("file", g.attributes(map[string]any{"path": p, "state": "file"}))
	case 2:
		g.add("command", map[string]any{"cmd": "touch " + p, "creates": p})
	}
}

// loop adds a task whose items see what the items before them did.
func (g *generator) loop() {
	a, b := g.pick(files), g.pick(files)
	if !g.fresh(a) || !g.fresh(b) {
		return
	}
	g.e.tasks = append(g.e.tasks, task{"name": "loop", "copy": map[string]any{"content": g.pick(texts[1:]), "dest": "{{ item }}"}, "loop": []string{a, b}})
}
