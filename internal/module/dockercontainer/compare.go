package dockercontainer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"

	"kops/internal/module/dockerapi"
)

// A difference is an argument by which a container is other than wanted.
type difference struct {
	name          string
	before, after string // lines for people
	inPlace       bool
}

// differences compares the container with what would be made.
func (s *Spec) differences(have container.InspectResponse, image dockerapi.Image) ([]difference, error) {
	config, host, err := s.build()
	if err != nil {
		return nil, err
	}
	var found []difference
	if d, differs := s.compareImage(have, image); differs {
		found = append(found, d)
	}
	for _, o := range options {
		how := s.comparison(o.name, o.kind)
		if how == "ignore" || !o.given(s) {
			continue
		}
		want, got := o.read(config, host), o.read(have.Config, have.HostConfig)
		if o.inherited != nil && how == "strict" {
			want = inherit(want, o.inherited(image))
		}
		if !equal(o.kind, how, want, got) {
			found = append(found, difference{name: o.name, inPlace: o.inPlace,
				before: show(o, got, want, "before"), after: show(o, want, got, "after")})
		}
	}
	return append(found, s.compareNetworks(have)...), nil
}

// comparison returns how an argument is compared: strict, ignore or allow_more_present.
func (s *Spec) comparison(name string, k kind) string {
	for _, key := range []string{name, "*"} {
		if how := s.Comparisons.String(key); how != "" {
			return how
		}
	}
	if k == set || k == mapping {
		return "allow_more_present"
	}
	return "strict"
}

func (s *Spec) compareImage(have container.InspectResponse, image dockerapi.Image) (difference, bool) {
	if s.comparison("image", single) == "ignore" {
		return difference{}, false
	}
	before, after := have.Config.Image, s.Image
	renamed := dockerapi.FullName(before, "") != dockerapi.FullName(after, "") && s.ImageComparison == "recreate"
	if have.Image == image.ID && !renamed {
		return difference{}, false
	}
	if have.Image != image.ID {
		before, after = before+" "+shortID(have.Image), strings.TrimSpace(after+" "+shortID(image.ID))
	}
	return difference{name: "image", before: "image: " + before + "\n", after: "image: " + after + "\n"}, true
}

func shortID(id string) string {
	_, hex, _ := strings.Cut(id, ":")
	if len(hex) > 12 {
		return hex[:12]
	}
	return hex
}

func (s *Spec) compareNetworks(have container.InspectResponse) []difference {
	how := s.comparison("networks", set)
	if how == "ignore" || s.networks == nil || have.NetworkSettings == nil {
		return nil
	}
	var want, got []string
	for _, n := range s.networks {
		want = append(want, n.name)
	}
	got = slices.Sorted(maps.Keys(have.NetworkSettings.Networks))
	if equal(set, how, want, got) {
		return nil
	}
	return []difference{{name: "networks", before: "networks: " + strings.Join(got, ", ") + "\n", after: "networks: " + strings.Join(want, ", ") + "\n"}}
}

// inherit adds what the image brings to what is wanted.
func inherit(want any, image map[string]string) map[string]string {
	all := maps.Clone(image)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, want.(map[string]string))
	return all
}

func equal(k kind, how string, want, got any) bool {
	more := how == "allow_more_present"
	switch k {
	case single:
		return want == got
	case ordered:
		return slices.Equal(want.([]string), got.([]string))
	case mapping:
		w, g := want.(map[string]string), got.(map[string]string)
		for key, v := range w {
			if have, ok := g[key]; !ok || have != v {
				return false
			}
		}
		return more || len(w) == len(g)
	}
	w, g := want.([]string), got.([]string)
	for _, item := range w {
		if !slices.Contains(g, item) {
			return false
		}
	}
	return more || len(w) == len(g)
}

// show writes an option's value as YAML-like lines. Of a mapping only the keys that
// differ from the other value are shown; values that are hidden are only said to be there.
func show(o option, v, other any, when string) string {
	switch v := v.(type) {
	case []string:
		if o.kind != ordered {
			v = slices.Sorted(slices.Values(v))
		}
		return o.name + ": " + strings.Join(v, " ") + "\n"
	case map[string]string:
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if have, ok := other.(map[string]string)[key]; ok && have == v[key] {
				continue
			}
			if o.hidden {
				fmt.Fprintf(&b, "%s.%s: (hidden, %s)\n", o.name, key, when)
				continue
			}
			fmt.Fprintf(&b, "%s.%s: %s\n", o.name, key, v[key])
		}
		return b.String()
	}
	return fmt.Sprintf("%s: %v\n", o.name, v)
}
