// Package all lists the modules that kops has.
package all

import (
	"kops/internal/module"
	"kops/internal/module/command"
	"kops/internal/module/group"
	"kops/internal/module/ping"
	"kops/internal/module/raw"
	"kops/internal/module/shell"
	"kops/internal/module/user"
)

// Modules returns all modules by name.
func Modules() []*module.Module {
	return []*module.Module{
		command.New(),
		group.New(),
		ping.New(),
		raw.New(),
		shell.New(),
		user.New(),
	}
}
