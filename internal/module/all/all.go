// Package all lists the modules that kops has.
package all

import (
	"kops/internal/module"
	"kops/internal/module/group"
	"kops/internal/module/user"
)

// Modules returns all modules by name.
func Modules() []*module.Module {
	return []*module.Module{
		group.New(),
		user.New(),
	}
}
