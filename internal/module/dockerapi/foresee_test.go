package dockerapi

import (
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/overlay"
	"kops/internal/remote/remotetest"
)

func TestForesee(t *testing.T) {
	restart := module.Effect{Unit: &remote.Unit{Name: "docker.service", LoadState: "loaded"}, Acts: true}
	for _, tt := range []struct {
		name    string
		effects []module.Effect
		want    Fate
		unknown bool
	}{
		{"nothing", nil, AsIs, false},
		{"another container", []module.Effect{Touched("container", "db", false)}, AsIs, false},
		{"an image of that name", []module.Effect{Touched("image", "web", false)}, AsIs, false},
		{"brought", []module.Effect{Touched("container", "web", false)}, Altered, false},
		{"removed", []module.Effect{Touched("container", "web", false), Touched("container", "web", true)}, Gone, false},
		{"perhaps", Touches("container", "web"), Altered, false},
		{"Docker restarts", []module.Effect{restart}, AsIs, true},
	} {
		h, s := remotetest.New(), overlay.NewState()
		quiet := func() string { return "" }
		if err := overlay.New(h, s, quiet).Apply(t.Context(), tt.effects...); err != nil {
			t.Fatal(err)
		}
		r := overlay.New(h, s, quiet)
		got, err := Foresee(r, "container", "web")
		if got != tt.want || (err != nil) != tt.unknown || (r.Doubted() != "") != tt.unknown {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if got, err := Foresee(remotetest.New(), "container", "web"); got != AsIs || err != nil {
		t.Errorf("outside of check mode: %v, %v", got, err)
	}
}
