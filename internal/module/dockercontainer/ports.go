package dockercontainer

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/network"
)

// A published port of the container, and where on the host.
type published struct {
	port    network.Port
	binding network.PortBinding
}

// parsePorts reads [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]; HOST and CONTAINER may be ranges
// of the same length. Without HOST, Docker picks one.
func parsePorts(text, defaultAddress string) ([]published, error) {
	bad := fmt.Errorf("%q is not [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]", text)
	ports, protocol, given := strings.Cut(text, "/")
	if !given {
		protocol = "tcp"
	}
	address, hostPorts := defaultAddress, ""
	containerPorts := ports
	if i := strings.LastIndexByte(ports, ':'); i >= 0 {
		hostPorts, containerPorts = ports[:i], ports[i+1:]
		if j := strings.LastIndexByte(hostPorts, ':'); j >= 0 {
			address, hostPorts = strings.Trim(hostPorts[:j], "[]"), hostPorts[j+1:]
		}
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil, fmt.Errorf("%q: %q is not an address", text, address)
	}
	inside, err := portRange(containerPorts)
	if err != nil {
		return nil, bad
	}
	var outside []int
	if hostPorts != "" {
		if outside, err = portRange(hostPorts); err != nil || len(outside) != len(inside) {
			return nil, bad
		}
	}
	var all []published
	for i, n := range inside {
		port, ok := network.PortFrom(uint16(n), network.IPProtocol(protocol))
		if !ok || protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
			return nil, bad
		}
		p := published{port: port, binding: network.PortBinding{HostIP: ip}}
		if outside != nil {
			p.binding.HostPort = strconv.Itoa(outside[i])
		}
		all = append(all, p)
	}
	return all, nil
}

func portRange(text string) ([]int, error) {
	first, last, isRange := strings.Cut(text, "-")
	from, err := portNumber(first)
	if err != nil {
		return nil, err
	}
	to := from
	if isRange {
		if to, err = portNumber(last); err != nil {
			return nil, err
		}
	}
	if to < from {
		return nil, fmt.Errorf("%q goes backwards", text)
	}
	var ports []int
	for n := from; n <= to; n++ {
		ports = append(ports, n)
	}
	return ports, nil
}

func portNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is not a port", text)
	}
	return n, nil
}
