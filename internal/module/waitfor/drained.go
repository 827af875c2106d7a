package waitfor

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
)

// stateNumbers are the numbers of connection states in /proc/net/tcp.
var stateNumbers = map[string]string{"ESTABLISHED": "01", "SYN_SENT": "02", "SYN_RECV": "03", "FIN_WAIT1": "04", "FIN_WAIT2": "05", "TIME_WAIT": "06"}

// lookAtConnections counts the active connections to the port.
func (s *Spec) lookAtConnections(ctx context.Context, h remote.Reader) (look, error) {
	if f, ok := h.(remote.Foreseer); ok {
		if err := f.Network(); err != nil {
			return look{}, err
		}
	}
	res, err := h.Query(ctx, "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null\necho --\ngetent ahosts "+module.Quote(s.Host)+
		"\necho --\nfor h in "+module.Quote(s.ExcludeHosts...)+"; do getent ahosts \"$h\"; done\n:")
	if err != nil {
		return look{}, fmt.Errorf("list connections: %w", err)
	}
	parts := strings.Split(string(res.Stdout), "--\n")
	if len(parts) != 3 {
		return look{}, fmt.Errorf("list connections: unexpected answer %q", res.Stdout)
	}
	local, excluded := addresses(parts[1]), addresses(parts[2])
	if len(local) == 0 {
		return look{}, fmt.Errorf("host: %s has no address on the host", s.Host)
	}
	n := s.count(parts[0], local, excluded)
	return look{met: n == 0, why: fmt.Sprintf("%d active connections", n)}, nil
}

// addresses reads what getent ahosts prints.
func addresses(text string) []netip.Addr {
	var all []netip.Addr
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(line, " ")
		if a, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
			all = append(all, a.Unmap())
		}
	}
	return all
}

// count counts the rows of /proc/net/tcp and tcp6 that are active connections to the port.
func (s *Spec) count(table string, local, excluded []netip.Addr) int {
	n := 0
	anyLocal := slices.ContainsFunc(local, netip.Addr.IsUnspecified)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || !slices.ContainsFunc(s.ActiveStates, func(st string) bool { return stateNumbers[st] == f[3] }) {
			continue
		}
		here, port, ok := endpoint(f[1])
		there, _, ok2 := endpoint(f[2])
		if ok && ok2 && port == s.Port && (anyLocal || slices.Contains(local, here)) && !slices.Contains(excluded, there) {
			n++
		}
	}
	return n
}

// endpoint reads "0100007F:2384": an address in words of the host's byte order, and a port.
func endpoint(text string) (netip.Addr, int, bool) {
	address, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(address)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(b)%4 != 0 {
		return netip.Addr{}, 0, false
	}
	for i := 0; i < len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	a, ok := netip.AddrFromSlice(b)
	return a.Unmap(), int(p), ok
}
