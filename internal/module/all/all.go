// Package all lists the modules that kops has.
package all

import (
	"kops/internal/module"
	"kops/internal/module/apt"
	"kops/internal/module/command"
	"kops/internal/module/copy"
	"kops/internal/module/dnf"
	"kops/internal/module/dockercontainer"
	"kops/internal/module/dockerimage"
	"kops/internal/module/dockervolume"
	"kops/internal/module/file"
	"kops/internal/module/geturl"
	"kops/internal/module/group"
	"kops/internal/module/kafkaacl"
	"kops/internal/module/kafkacanstop"
	"kops/internal/module/kafkaclusterinfo"
	"kops/internal/module/kafkaconfig"
	"kops/internal/module/kafkahealth"
	"kops/internal/module/kafkaloglevel"
	"kops/internal/module/kafkapreferredleaders"
	"kops/internal/module/kafkapreflightfacts"
	"kops/internal/module/kafkaquota"
	"kops/internal/module/kafkatopic"
	"kops/internal/module/lineinfile"
	"kops/internal/module/ping"
	"kops/internal/module/raw"
	"kops/internal/module/setup"
	"kops/internal/module/shell"
	"kops/internal/module/slurp"
	"kops/internal/module/stat"
	"kops/internal/module/systemd"
	"kops/internal/module/unarchive"
	"kops/internal/module/uri"
	"kops/internal/module/user"
	"kops/internal/module/waitfor"
	"kops/internal/module/zookeeperhealth"
	"kops/internal/module/zookeeperinfo"
)

// Modules returns all modules by name.
func Modules() []*module.Module {
	return []*module.Module{
		apt.New(),
		command.New(),
		copy.New(),
		dnf.New(),
		dockercontainer.New(),
		dockerimage.New(),
		dockervolume.New(),
		file.New(),
		geturl.New(),
		group.New(),
		kafkaacl.New(),
		kafkacanstop.New(),
		kafkaclusterinfo.New(),
		kafkaconfig.New(),
		kafkahealth.New(),
		kafkaloglevel.New(),
		kafkapreferredleaders.New(),
		kafkapreflightfacts.New(),
		kafkaquota.New(),
		kafkatopic.New(),
		lineinfile.New(),
		ping.New(),
		raw.New(),
		setup.New(),
		shell.New(),
		slurp.New(),
		stat.New(),
		systemd.New(),
		unarchive.New(),
		uri.New(),
		user.New(),
		waitfor.New(),
		zookeeperhealth.New(),
		zookeeperinfo.New(),
	}
}
