// Package all lists the actions that kops has.
package all

import (
	"kops/internal/module"
	"kops/internal/run/action/addhost"
	"kops/internal/run/action/assert"
	"kops/internal/run/action/copy"
	"kops/internal/run/action/debug"
	"kops/internal/run/action/dockerimage"
	"kops/internal/run/action/fail"
	"kops/internal/run/action/fetch"
	"kops/internal/run/action/geturl"
	"kops/internal/run/action/groupby"
	"kops/internal/run/action/includevars"
	"kops/internal/run/action/kafkapreflight"
	"kops/internal/run/action/kafkaverifyreport"
	"kops/internal/run/action/packages"
	"kops/internal/run/action/pause"
	"kops/internal/run/action/service"
	"kops/internal/run/action/setfact"
	"kops/internal/run/action/template"
	"kops/internal/run/action/unarchive"
)

// Modules returns all actions by name. They stand in place of modules of the same name.
func Modules() []*module.Module {
	return []*module.Module{
		addhost.New(),
		assert.New(),
		copy.New(),
		debug.New(),
		dockerimage.New(),
		fail.New(),
		fetch.New(),
		geturl.New(),
		groupby.New(),
		includevars.New(),
		kafkapreflight.New(),
		kafkaverifyreport.New(),
		packages.New(),
		pause.New(),
		service.New(),
		setfact.New(),
		template.New(),
		unarchive.New(),
	}
}
