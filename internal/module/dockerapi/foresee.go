package dockerapi

import (
	"kops/internal/module"
	"kops/internal/remote"
)

// A Fate is what earlier tasks of a check run would do to a thing of Docker's.
type Fate int

// The fates.
const (
	AsIs    Fate = iota // nothing: what Docker tells is true
	Gone                // remove it
	Altered             // bring or change it
)

// Foresee tells what earlier tasks of a check run would do to a container, an image or a volume. Docker itself knows
// only what is. Where an earlier task would restart Docker, what runs afterwards is not known.
func Foresee(h remote.Reader, kind, name string) (Fate, error) {
	f, ok := h.(remote.Foreseer)
	if !ok {
		return AsIs, nil
	}
	if kind == "container" && f.UnitTouched("docker.service", "docker.socket", "containerd.service") {
		return AsIs, f.Unknown("container " + name + " after a restart of Docker")
	}
	touched, gone := f.Object(remote.Object{Kind: kind, Name: name})
	switch {
	case gone:
		return Gone, nil
	case touched:
		return Altered, nil
	}
	return AsIs, nil
}

// Unknown is the error for a thing that an earlier task of a check run would have changed.
func Unknown(h remote.Reader, kind, name string) error {
	return h.(remote.Foreseer).Unknown(kind + " " + name + ", which an earlier task would change")
}

// Touched is the effect on a container, an image or a volume.
func Touched(kind, name string, gone bool) module.Effect {
	return module.Effect{Object: &remote.Object{Kind: kind, Name: name}, Gone: gone, Acts: kind == "container"}
}

// Touches is the effect of a task that may change it, or not.
func Touches(kind, name string) []module.Effect {
	if name == "" {
		return nil
	}
	return []module.Effect{{Object: &remote.Object{Kind: kind, Name: name}, Doubt: true, Acts: kind == "container"}}
}
