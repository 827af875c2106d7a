// Package all lists the actions that kops has.
package all

import (
	"kops/internal/module"
	"kops/internal/run/action/assert"
	"kops/internal/run/action/copy"
	"kops/internal/run/action/debug"
	"kops/internal/run/action/fail"
	"kops/internal/run/action/setfact"
	"kops/internal/run/action/template"
)

// Modules returns all actions by name. They stand in place of modules of the same name.
func Modules() []*module.Module {
	return []*module.Module{
		assert.New(),
		copy.New(),
		debug.New(),
		fail.New(),
		setfact.New(),
		template.New(),
	}
}
