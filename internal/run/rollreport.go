package run

import (
	"slices"
	"strings"

	"kops/internal/module"
)

// report says why a roll ended early, what has been done, and how it goes on.
func (r *roll) report(why string) string {
	var out []string
	for _, h := range r.begun {
		if !contains(r.done, h) {
			out = append(out, h.name)
		}
	}
	text := why
	if len(r.done) > 0 {
		text += "; done: " + strings.Join(names(r.done), ", ")
	}
	if len(out) > 0 {
		text += "; perhaps out of service: " + strings.Join(out, ", ")
	}
	if command := r.p.Started.Command; len(command) > 0 {
		if r.cluster.keepsLogs() && len(out) > 0 {
			text += "; what it says: " + logsOf(command, out)
		}
		text += "; " + r.goesOn(command)
	}
	return text
}

// logsOf is the command that shows what the servers' logs say of their trouble, with the inventory that the run has.
func logsOf(command, hosts []string) string {
	line := []string{command[0], "logs", strings.Join(hosts, ","), "--level", "ERROR"}
	for i, arg := range command[1:] {
		if before := command[i]; before == "-i" || before == "--inventory" {
			line = append(line, before, arg)
		}
	}
	return commandLine(line)
}

// goesOn is the command that goes on: the same one, where other plays belong to it, and otherwise for the servers that are
// left, since a play may restart what needs no restart.
func (r *roll) goesOn(command []string) string {
	left := slices.DeleteFunc(slices.Clone(r.p.hosts), func(h *host) bool { return contains(r.done, h) })
	if len(r.p.Plan.Plays()) > 1 || len(r.done) == 0 || len(left) == 0 {
		return "once nothing is amiss, the same command goes on from here: " + commandLine(command)
	}
	return "once nothing is amiss, for those that are left: " + commandLine(append(slices.Clone(command), "--limit", strings.Join(names(left), ",")))
}

// untouched are the servers that the roll did not come to: those that are left, and those of the batch that was
// broken off on which nothing had begun.
func (r *roll) untouched(left []*host) []*host {
	var hosts []*host
	if !r.settled {
		for _, h := range r.p.batch {
			if !contains(r.begun, h) && !contains(left, h) {
				hosts = append(hosts, h)
			}
		}
	}
	return append(hosts, left...)
}

// sentence begins a text with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = module.Quote(a)
	}
	return strings.Join(quoted, " ")
}
