package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// maxRange is how many hosts a range may stand for: more is a typing error.
const maxRange = 100_000

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var (
	bracketPort = regexp.MustCompile(`^\[(.+)\]:(.*)$`)                        // [::1]:22, [a:c]:22
	namePort    = regexp.MustCompile(`^((?:[^:\[\]]|\[[^\]]*\])+):([^:\[]*)$`) // host[1:3]:22
)

// hostNames returns the hosts that a text stands for, kafka[1:3] being three, and the port
// behind it, 0 for none.
func hostNames(text string, pos value.Position) (names []string, port int, err error) {
	name := text
	for _, pattern := range []*regexp.Regexp{bracketPort, namePort} {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[2])
		if err != nil || n < 1 || n > 65535 {
			return nil, 0, badPort(fmt.Sprintf("%q, behind the colon of host %q,", m[2], text), pos)
		}
		name, port = m[1], n
		break
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return []string{strings.Trim(name, "[]")}, port, nil
	}
	if name == "" || strings.ContainsAny(name, " \t,") {
		return nil, 0, diag.Errorf(pos, "%q is not a name of a host", text)
	}
	names, err = expand(name)
	if err != nil {
		return nil, 0, diag.Errorf(pos, "host range %q: %w", text, err).
			WithHint("a range is written [1:3], [01:10:2] or [a:c]")
	}
	return names, port, nil
}

// expand replaces the ranges of a name, one after the other.
func expand(name string) ([]string, error) {
	open := strings.IndexByte(name, '[')
	if open < 0 {
		return []string{name}, nil
	}
	length := strings.IndexByte(name[open:], ']')
	if length < 0 {
		return nil, errors.New("the bracket is not closed")
	}
	head, inner, tail := name[:open], name[open+1:open+length], name[open+length+1:]
	items, err := sequence(inner)
	if err != nil {
		return nil, err
	}
	rest, err := expand(tail)
	if err != nil {
		return nil, err
	}
	if len(items)*len(rest) > maxRange {
		return nil, fmt.Errorf("it stands for more than %d hosts", maxRange)
	}
	var names []string
	for _, item := range items {
		for _, r := range rest {
			names = append(names, head+item+r)
		}
	}
	return names, nil
}

// sequence returns what stands for begin:end:step, the end included.
func sequence(text string) ([]string, error) {
	bounds := strings.Split(text, ":")
	if len(bounds) != 2 && len(bounds) != 3 {
		return nil, errors.New("it must be begin:end or begin:end:step")
	}
	begin, end, step := bounds[0], bounds[1], 1
	if begin == "" {
		begin = "0"
	}
	if end == "" {
		return nil, errors.New("it has no end")
	}
	if len(bounds) == 3 {
		var err error
		if step, err = strconv.Atoi(bounds[2]); err != nil || step < 1 {
			return nil, fmt.Errorf("its step %q is not a number above 0", bounds[2])
		}
	}
	if len(begin) == 1 && len(end) == 1 && strings.Contains(letters, begin) && strings.Contains(letters, end) {
		return pick(strings.Index(letters, begin), strings.Index(letters, end), step, func(i int) string { return letters[i : i+1] })
	}
	from, err := strconv.Atoi(begin)
	to, err2 := strconv.Atoi(end)
	if err != nil || err2 != nil || from < 0 {
		return nil, errors.New("begin and end must be numbers, or single letters")
	}
	width := 0
	if len(begin) > 1 && begin[0] == '0' {
		if width = len(begin); width != len(end) {
			return nil, errors.New("begin and end must have equally many digits when begin has a leading zero")
		}
	}
	return pick(from, to, step, func(i int) string { return fmt.Sprintf("%0*d", width, i) })
}

func pick(from, to, step int, name func(int) string) ([]string, error) {
	if from > to {
		return nil, errors.New("its begin is behind its end")
	}
	if (to-from)/step >= maxRange {
		return nil, fmt.Errorf("it stands for more than %d hosts", maxRange)
	}
	var names []string
	for i := from; i <= to; i += step {
		names = append(names, name(i))
	}
	return names, nil
}
