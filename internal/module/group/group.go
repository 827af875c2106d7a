// Package group is the module group: groups of the host.
package group

import (
	"context"
	"fmt"
	"strconv"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the group as it should be.
type Spec struct {
	Name      string `arg:"name,required" doc:"name of the group"`
	GID       *int   `arg:"gid" doc:"number of the group"`
	State     string `arg:"state,choices=present|absent" doc:"whether the group is there"`
	System    bool   `arg:"system" doc:"whether a new group gets a number of the system's range"`
	NonUnique bool   `arg:"non_unique,with=gid" doc:"whether the number may be another group's too"`
	Force     bool   `arg:"force" doc:"remove the group even if it is a user's primary group"`
	GIDMin    *int   `arg:"gid_min" doc:"smallest number for a new group"`
	GIDMax    *int   `arg:"gid_max" doc:"largest number for a new group"`
	Local     bool   `arg:"local,unsupported" doc:"libuser's commands are not used: leave it out"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "group", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Manage groups.",
			Examples: "- group:\n    name: kafka\n    system: true\n",
			Returns: []module.Return{
				{Name: "name", Type: "str", Text: "name of the group"},
				{Name: "state", Type: "str", Text: "present or absent, as asked for"},
				{Name: "gid", Type: "int", Text: "number of the group, where it is there"},
				{Name: "system", Type: "bool", Text: "as asked for"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present"} },
	}
}

// Plan looks the group up.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	accounts, err := h.Accounts(ctx, nil, []string{s.Name})
	if err != nil {
		return module.Change{}, fmt.Errorf("look up group %s: %w", s.Name, err)
	}
	g, exists := accounts.Groups[s.Name]
	exists = exists && g.Name == s.Name // a number finds groups of other names
	command, diff := s.decide(g, exists)
	c := module.Change{Result: s.result(g, exists)}
	if command == nil {
		return c, nil
	}
	c.Predict = module.Changes
	c.Diffs = []module.Diff{diff}
	c.Effects = []module.Effect{s.effect(g)}
	line := module.Quote(command...)
	c.Steps = []module.Step{{Summary: line, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return s.apply(ctx, h, line)
	}}}
	return c, nil
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	if s.Name == "" {
		return nil
	}
	return []module.Effect{{Group: &remote.Group{Name: s.Name}, Doubt: true}}
}

// decide returns the command that makes the group what it should be, or nil.
func (s *Spec) decide(g remote.Group, exists bool) ([]string, module.Diff) {
	switch {
	case s.State == "absent" && !exists, s.State == "present" && exists && (s.GID == nil || *s.GID == g.GID):
		return nil, module.Diff{}
	case s.State == "absent":
		command := []string{"groupdel"}
		if s.Force {
			command = append(command, "-f")
		}
		name := "group " + s.Name
		return append(command, s.Name), module.Diff{BeforeHeader: name, AfterHeader: name, Before: "state: present\n"}
	}
	command, before, after := []string{"groupadd"}, "", "next free"
	if exists {
		command, before = []string{"groupmod"}, strconv.Itoa(g.GID)
	}
	if s.GID != nil {
		after = strconv.Itoa(*s.GID)
		command = append(command, "-g", after)
		if s.NonUnique {
			command = append(command, "-o")
		}
	}
	if !exists {
		command = append(command, s.forNew()...)
	}
	return append(command, s.Name), s.diff(before, after)
}

func (s *Spec) forNew() []string {
	var options []string
	if s.System {
		options = append(options, "-r")
	}
	if s.GIDMin != nil {
		options = append(options, "-K", "GID_MIN="+strconv.Itoa(*s.GIDMin))
	}
	if s.GIDMax != nil {
		options = append(options, "-K", "GID_MAX="+strconv.Itoa(*s.GIDMax))
	}
	return options
}

// diff shows the group's number; "" is for no group.
func (s *Spec) diff(before, after string) module.Diff {
	text := func(gid string) string {
		if gid == "" {
			return ""
		}
		return "gid: " + gid + "\n"
	}
	return module.Diff{BeforeHeader: "group " + s.Name, AfterHeader: "group " + s.Name, Before: text(before), After: text(after)}
}

func (s *Spec) effect(g remote.Group) module.Effect {
	after := remote.Group{Name: s.Name, GID: -1, Members: g.Members}
	if s.GID != nil {
		after.GID = *s.GID
	}
	return module.Effect{Group: &after, Gone: s.State == "absent"}
}

func (s *Spec) apply(ctx context.Context, h remote.Host, command string) (module.Outcome, error) {
	res, err := h.Script(ctx, command)
	if err != nil {
		return module.Outcome{}, fmt.Errorf("group %s: %w", s.Name, err)
	}
	accounts, err := h.Accounts(ctx, nil, []string{s.Name})
	if err != nil {
		return module.Outcome{}, fmt.Errorf("look up group %s: %w", s.Name, err)
	}
	g, exists := accounts.Groups[s.Name]
	result := s.result(g, exists)
	for name, out := range map[string][]byte{"stdout": res.Stdout, "stderr": res.Stderr} {
		if len(out) > 0 {
			result.Set(name, string(out))
		}
	}
	return module.Outcome{Changed: true, Result: result}, nil
}

func (s *Spec) result(g remote.Group, exists bool) *value.Map {
	r := value.NewMap("name", s.Name, "state", s.State)
	if exists && s.State == "present" {
		r.Set("system", s.System)
		r.Set("gid", int64(g.GID))
	}
	return r
}
