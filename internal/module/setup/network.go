package setup

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"kops/internal/value"
)

var networkFiles = []source{{section: "net", named: true, paths: "/sys/class/net/*/address /sys/class/net/*/mtu /sys/class/net/*/operstate " +
	"/sys/class/net/*/type /sys/class/net/*/flags /sys/class/net/*/speed"}}

const networkScript = `kops_section net-kinds
for d in /sys/class/net/*; do [ -d "$d/bridge" ] && echo "$d/kops-bridge:1"; [ -d "$d/bonding" ] && echo "$d/kops-bonding:1"; done
kops_section ip
kops_ip=$(printf '%s\n' 'addr show' 'route get 8.8.8.8' 'route get 2404:6800:400a:800::1012' | ip -o -force -batch -)
if [ -n "$kops_ip" ]; then printf '%s\n' "$kops_ip"; else
	ip -o addr show
	ip -o -4 route get 8.8.8.8
	ip -o -6 route get 2404:6800:400a:800::1012
fi
kops_section bridge-ports
for p in /sys/class/net/*/brif/*; do [ -e "$p" ] && echo "$p"; done`

// someAddress are addresses far away: the routes to them are the default routes.
const someAddress4, someAddress6 = "8.8.8.8 ", "2404:6800:400a:800::1012 "

// readNetwork describes the interfaces and the two default routes.
func readNetwork(in sections, facts *value.Map) {
	files := in.files("net")
	maps.Copy(files, in.files("net-kinds"))
	interfaces := map[string]*value.Map{}
	for file := range files {
		if path.Base(file) == "mtu" {
			name := path.Base(path.Dir(file))
			interfaces[name] = describeInterface(name, files)
		}
	}
	addPorts(in, interfaces)
	all4, all6 := value.NewList(), value.NewList()
	var route4, route6 string
	for _, line := range in.lines("ip") {
		switch {
		case strings.HasPrefix(line, someAddress4):
			route4 = line
		case strings.HasPrefix(line, someAddress6):
			route6 = line
		default:
			addAddress(line, interfaces, all4, all6)
		}
	}
	names := slices.Sorted(maps.Keys(interfaces))
	facts.Set("interfaces", value.Strings(names))
	for _, name := range names {
		facts.Set(strings.NewReplacer("-", "_", ":", "_", ".", "_").Replace(name), interfaces[name])
	}
	facts.Set("default_ipv4", defaultRoute(route4, interfaces, false))
	facts.Set("default_ipv6", defaultRoute(route6, interfaces, true))
	facts.Set("all_ipv4_addresses", all4)
	facts.Set("all_ipv6_addresses", all6)
}

func describeInterface(name string, files map[string]string) *value.Map {
	at := func(file string) string { return files["/sys/class/net/"+name+"/"+file] }
	kind := map[string]string{"1": "ether", "32": "infiniband", "512": "ppp", "772": "loopback", "65534": "tunnel"}[at("type")]
	switch {
	case at("kops-bridge") != "":
		kind = "bridge"
	case at("kops-bonding") != "":
		kind = "bonding"
	}
	i := value.NewMap("device", name)
	if mac := at("address"); mac != "" && mac != "00:00:00:00:00:00" {
		i.Set("macaddress", mac)
	}
	i.Set("mtu", number(at("mtu")))
	i.Set("active", at("operstate") != "down")
	if kind != "" {
		i.Set("type", kind)
	}
	if speed := number(at("speed")); speed > 0 {
		i.Set("speed", speed)
	}
	i.Set("promisc", hasPromisc(at("flags")))
	return i
}

// hasPromisc reads the interface's flags: 0x100 is for promiscuous.
func hasPromisc(flags string) bool {
	v, err := value.ParseInt(flags, 16)
	n, ok := v.(int64)
	return err == nil && ok && n&0x100 != 0
}

// addPorts lists the interfaces of bridges.
func addPorts(in sections, interfaces map[string]*value.Map) {
	for _, p := range in.lines("bridge-ports") {
		if bridge, ok := interfaces[path.Base(path.Dir(path.Dir(p)))]; ok {
			ports, ok := bridge.At("interfaces").(*value.List)
			if !ok {
				ports = value.NewList()
				bridge.Set("interfaces", ports)
			}
			ports.Append(path.Base(p))
		}
	}
}

// addAddress reads one line of "ip -o addr": "2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\ …".
func addAddress(line string, interfaces map[string]*value.Map, all4, all6 *value.List) {
	f := strings.Fields(strings.ReplaceAll(line, `\`, " "))
	if len(f) < 4 {
		return
	}
	name, _, _ := strings.Cut(strings.TrimSuffix(f[1], ":"), "@")
	i := interfaces[name]
	prefix, err := netip.ParsePrefix(f[3])
	if err != nil { // a point-to-point address has no prefix
		a, aerr := netip.ParseAddr(f[3])
		if aerr != nil {
			return
		}
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	if i == nil {
		return
	}
	if f[2] == "inet6" {
		list, ok := i.At("ipv6").(*value.List)
		if !ok {
			list = value.NewList()
			i.Set("ipv6", list)
		}
		list.Append(value.NewMap("address", prefix.Addr().String(), "prefix", value.Str(int64(prefix.Bits())), "scope", after(f, "scope")))
		if !prefix.Addr().IsLoopback() {
			all6.Append(prefix.Addr().String())
		}
		return
	}
	a := ipv4(prefix, after(f, "brd"))
	if _, ok := i.Get("ipv4"); !ok {
		i.Set("ipv4", a)
	} else {
		list, ok := i.At("ipv4_secondaries").(*value.List)
		if !ok {
			list = value.NewList()
			i.Set("ipv4_secondaries", list)
		}
		list.Append(a)
	}
	if !prefix.Addr().IsLoopback() {
		all4.Append(prefix.Addr().String())
	}
}

func ipv4(p netip.Prefix, broadcast string) *value.Map {
	mask := ^uint32(0)
	if p.Bits() < 32 {
		mask <<= 32 - p.Bits()
	}
	netmask := netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)})
	return value.NewMap("address", p.Addr().String(), "broadcast", broadcast, "netmask", netmask.String(),
		"network", p.Masked().Addr().String(), "prefix", value.Str(int64(p.Bits())))
}

// after returns the word that follows key, "" where there is none.
func after(words []string, key string) string {
	if i := slices.Index(words, key); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// defaultRoute reads "8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.5", with what is known of
// the interface. Without a route it is empty.
func defaultRoute(line string, interfaces map[string]*value.Map, v6 bool) *value.Map {
	words := strings.Fields(strings.ReplaceAll(line, `\`, " "))
	name, source := after(words, "dev"), after(words, "src")
	i := interfaces[name]
	if i == nil || source == "" || name == "lo" {
		return value.NewMap()
	}
	d := value.NewMap("interface", name, "address", source)
	if gateway := after(words, "via"); gateway != "" {
		d.Set("gateway", gateway)
	}
	var candidates []value.Value
	if v6 {
		if list, ok := i.At("ipv6").(*value.List); ok {
			candidates = list.Items
		}
	} else {
		candidates = []value.Value{i.At("ipv4")}
		if list, ok := i.At("ipv4_secondaries").(*value.List); ok {
			candidates = append(candidates, list.Items...)
		}
	}
	for _, c := range candidates {
		if m, ok := c.(*value.Map); ok && m.String("address") == source {
			d.Merge(m)
		}
	}
	for _, key := range []string{"macaddress", "mtu", "type"} {
		if v, ok := i.Get(key); ok {
			d.Set(key, v)
		}
	}
	if !v6 {
		d.Set("alias", name)
	}
	return d
}
