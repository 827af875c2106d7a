package plan

import (
	"path/filepath"
	"slices"

	"kops/internal/playbook"
)

// SearchPath lists where the files of an entry are looked for: its role and the roles that
// depend on it, the folder of the task's file, the folder of the playbook.
func SearchPath(play *playbook.Play, e playbook.Entry) []string {
	var dirs []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if role := RoleOf(e); role != nil {
		add(role.Path)
		for _, parent := range role.Parents {
			add(parent.Path)
		}
	}
	if t, ok := e.(*playbook.Task); ok && t.File != "" {
		add(filepath.Dir(t.File))
	}
	add(filepath.Dir(play.File))
	return dirs
}

// RoleOf returns the role that an entry belongs to, or nil.
func RoleOf(e playbook.Entry) *playbook.Role {
	switch e := e.(type) {
	case *playbook.Task:
		return e.Role
	case *playbook.Block:
		return e.Role
	}
	return nil
}
