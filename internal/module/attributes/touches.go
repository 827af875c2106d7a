package attributes

import (
	"path"

	"kops/internal/module"
	"kops/internal/remote"
)

// Touches are the effects of a task that may change the paths, or not: only doing it can tell.
func Touches(paths ...string) []module.Effect {
	var effects []module.Effect
	for _, p := range paths {
		if path.IsAbs(p) {
			effects = append(effects, module.Effect{Path: &remote.File{Path: path.Clean(p)}, Doubt: true})
		}
	}
	return effects
}
