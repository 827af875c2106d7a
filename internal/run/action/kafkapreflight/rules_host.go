package kafkapreflight

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// A hostRule judges a host whatever it is for.
type hostRule struct {
	name  string
	judge func(f *fleet, h *host) finding
}

func hostRules() []hostRule {
	return []hostRule{
		{"rack", rack},
		{"clock", clockSkew},
		{"names", names},
		{"ports", ports},
		{"swappiness", swappiness},
		{"java", javaVersion},
	}
}

// rackVariables are the variables that say where a host stands.
func rackVariables() []string { return []string{"preflight_rack", "kafka_rack"} }

// rack finds hosts that the inventory puts into two racks, and racks that are not EC2's zones: one in
// two zones, or two in one. What they are called is everybody's own.
func rack(f *fleet, h *host) finding {
	const wanted = "one"
	if f.inventory != nil {
		for _, variable := range rackVariables() {
			var racks []string
			for _, s := range f.inventory.Settings(h.Name, variable) {
				if text, isText := s.Value.(string); s.Contested && (!isText || text != "") {
					racks = append(racks, fmt.Sprintf("%v by group %s%s", s.Value, s.Group, at(s.Pos)))
				}
			}
			if len(racks) > 1 {
				return finding{fault, "in two racks: " + strings.Join(racks, ", "), wanted}
			}
		}
	}
	switch {
	case h.ec2Zone() == "" && h.Rack == "":
		return finding{}
	case h.ec2Zone() == "":
		return finding{ok, h.Rack, wanted}
	case h.Rack == "":
		return finding{ok, h.ec2Zone() + " by EC2", wanted}
	}
	here := fmt.Sprintf("%s in the inventory%s, %s by EC2", h.Rack, at(f.setAt(h, "kafka_rack")), h.ec2Zone())
	for _, o := range f.hosts {
		zone := o.ec2Zone()
		if zone != "" && o.Rack != "" && (o.Rack == h.Rack) != (zone == h.ec2Zone()) {
			return finding{advice, fmt.Sprintf("%s; %s is in %s and %s", here, o.Name, o.Rack, zone), "a rack for each zone"}
		}
	}
	return finding{ok, h.Rack + ", " + h.ec2Zone() + " by EC2", wanted}
}

// clockSkew compares the host's clock with the middle one of all.
func clockSkew(f *fleet, h *host) finding {
	var offsets []float64
	for _, o := range f.hosts {
		if o.measured != nil && o.measured.Clock != nil {
			offsets = append(offsets, o.measured.Clock.Offset)
		}
	}
	if h.measured == nil || h.measured.Clock == nil || len(offsets) < 2 {
		return finding{}
	}
	slices.Sort(offsets)
	middle := (offsets[(len(offsets)-1)/2] + offsets[len(offsets)/2]) / 2
	skew, doubt := h.measured.Clock.Offset-middle, h.measured.Clock.Doubt
	sure := (math.Abs(skew) - doubt) * 1000
	found := finding{ok, fmt.Sprintf("%+.1f ms, give or take %.1f ms", skew*1000, doubt*1000), fmt.Sprintf("within %d ms of the fleet's", f.SkewAdvice)}
	switch {
	case sure > float64(f.SkewFault):
		found.verdict = fault
	case sure > float64(f.SkewAdvice):
		found.verdict = advice
	}
	return found
}

// names finds what does not resolve, and other hosts that are taken for this one.
func names(_ *fleet, h *host) finding {
	if h.measured == nil {
		return finding{}
	}
	const wanted = "all resolve"
	found := h.measured.Names
	if found == nil {
		return finding{ok, unknown, wanted}
	}
	var lost, loops, own []string
	for name, list := range found {
		isOwn := slices.Contains(h.Names, name)
		switch {
		case len(list) == 0:
			lost = append(lost, name)
		case name == "localhost" || !slices.ContainsFunc(list, isLoopback):
		case isOwn:
			own = append(own, name)
		default:
			loops = append(loops, name)
		}
	}
	var wrong []string
	for _, w := range []struct {
		names []string
		what  string
	}{{lost, "resolved"}, {loops, "loopback"}, {own, "its own name, loopback"}} {
		if len(w.names) == 0 {
			continue
		}
		slices.Sort(w.names)
		text := strings.Join(w.names, ", ")
		if w.what == "resolved" {
			wrong = append(wrong, "not resolved: "+text)
		} else {
			wrong = append(wrong, w.what+": "+text)
		}
	}
	switch {
	case len(lost)+len(loops) > 0:
		return finding{fault, strings.Join(wrong, "; "), wanted}
	case len(own) > 0:
		return finding{advice, strings.Join(wrong, "; "), "an address that others reach"}
	}
	return finding{ok, fmt.Sprintf("%d of %d", len(found), len(found)), wanted}
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.IsLoopback()
}

// ports finds ports that somebody else has.
func ports(_ *fleet, h *host) finding {
	if h.measured == nil || len(h.Ports) == 0 {
		return finding{}
	}
	const wanted = "free, or its own service's"
	free, own := 0, 0
	var taken []string
	for _, p := range h.Ports {
		l, listens := h.measured.Ports[fmt.Sprint(p.Port)]
		switch {
		case !listens:
			free++
		case l.isOneOf(p.Owners) || l.Process == "" && l.Unit == "": // who it is can be told by root alone
			own++
		default:
			taken = append(taken, fmt.Sprintf("%d is taken by %s", p.Port, l))
		}
	}
	if len(taken) > 0 {
		return finding{fault, strings.Join(taken, "; "), wanted}
	}
	var parts []string
	if free > 0 {
		parts = append(parts, fmt.Sprintf("%d free", free))
	}
	if own > 0 {
		parts = append(parts, fmt.Sprintf("%d in use", own))
	}
	return finding{ok, strings.Join(parts, ", "), wanted}
}

// String names who listens.
func (l listener) String() string {
	process := fmt.Sprintf("%s, process %d", l.Process, l.PID)
	if l.Unit == "" {
		return process
	}
	return l.Unit + " (" + process + ")"
}

func (l listener) isOneOf(owners []string) bool {
	return slices.ContainsFunc(owners, func(o string) bool {
		return o == l.Process || o == l.Unit || o+".service" == l.Unit
	})
}

// swappiness counts only where there is something to swap to.
func swappiness(_ *fleet, h *host) finding {
	if h.measured == nil || h.Kafka == nil && h.ZooKeeper == nil {
		return finding{}
	}
	m := h.measured
	wanted := fmt.Sprintf("%d or less", h.Swappiness)
	switch {
	case m.Swappiness < 0:
		return finding{ok, unknown, wanted}
	case !m.Swap:
		return finding{ok, fmt.Sprintf("%d, no swap", m.Swappiness), wanted}
	}
	return finding{unless(m.Swappiness <= h.Swappiness, advice), fmt.Sprint(m.Swappiness), wanted}
}

// javaVersion judges the Java that is there, or tells that it will be installed.
func javaVersion(_ *fleet, h *host) finding {
	if h.measured == nil || h.Kafka == nil && h.ZooKeeper == nil {
		return finding{}
	}
	j := h.measured.Java
	wanted := fmt.Sprintf("%d or later", h.Java.Wanted)
	switch {
	case j.Major == 0 && h.Java.Install:
		return finding{ok, "none yet, it will be installed", wanted}
	case j.Major == 0:
		return finding{fault, "none", wanted}
	case j.Major < h.Java.Least:
		return finding{fault, fmt.Sprintf("%s: this version of Kafka needs %d", j.Version, h.Java.Least), wanted}
	}
	return finding{unless(j.Major >= h.Java.Wanted, advice), j.Version, wanted}
}
