# The bridge, name service, and the wall around the lab: machines reach each other, this machine and Debian's mirror.
# shellcheck shell=bash disable=SC2154 # the variables are set in settings.sh

hosts_begin='# kops-lab begin'
hosts_end='# kops-lab end'

network_up() {
	if ! ip link show "$bridge" >/dev/null 2>&1; then
		ip link add "$bridge" type bridge
		ip address add "$controller_ip/24" dev "$bridge"
	fi
	ip link set "$bridge" up
	[ -e "$lab_dir/ip_forward.before" ] || cp /proc/sys/net/ipv4/ip_forward "$lab_dir/ip_forward.before"
	echo 1 >/proc/sys/net/ipv4/ip_forward
	room_for_machines
	resolve_mirrors
	firewall_up
	names_up
}

network_down() {
	names_down
	nft delete table inet kopslab 2>/dev/null || true
	ip link delete "$bridge" 2>/dev/null || true
	if [ -e "$lab_dir/ip_forward.before" ]; then
		cat "$lab_dir/ip_forward.before" >/proc/sys/net/ipv4/ip_forward
		rm -f "$lab_dir/ip_forward.before"
	fi
	if [ -e "$lab_dir/inotify.before" ]; then
		cat "$lab_dir/inotify.before" >/proc/sys/fs/inotify/max_user_instances
		rm -f "$lab_dir/inotify.before"
	fi
}

# network_mend NAME takes away the walls around a machine, tables named kops_NAME_…: a test that is killed leaves its own.
network_mend() {
	local table
	{ nft list tables inet 2>/dev/null | grep -o "kops_$1_.*" || true; } | while read -r table; do nft delete table inet "$table"; done
}

# room_for_machines: each machine's systemd and its services hold six or so of root's inotify instances, of which a kernel allows 128.
room_for_machines() {
	local limit=/proc/sys/fs/inotify/max_user_instances
	[ "$(cat $limit)" -ge 1024 ] && return
	cat $limit >"$lab_dir/inotify.before"
	echo 1024 >$limit
}

# mirror_endpoints: "HOST PORT" of each Debian mirror and of the proxy before it, if there is one.
mirror_endpoints() {
	{ cut -d' ' -f2 "$lab_dir/sources.list"; grep -o 'https\?://[^"]*' "$lab_dir/apt.conf" || true; } |
		sed -E 's#^(https?)://([^/@]*@)?([^/:]+)(:([0-9]+))?.*#\1 \3 \5#' |
		while read -r scheme host port; do
			[ -n "$port" ] || { [ "$scheme" = https ] && port=443 || port=80; }
			echo "$host $port"
		done | sort -u
}

# resolve_mirrors writes mirrors.hosts (lines of /etc/hosts) and mirrors.nft (address . port), afresh on each up:
# name service and firewall must agree on the mirrors' addresses.
resolve_mirrors() {
	local host port ip
	: >"$lab_dir/mirrors.hosts"
	: >"$lab_dir/mirrors.nft"
	while read -r host port; do
		for ip in $(getent ahostsv4 "$host" | cut -d' ' -f1 | sort -u); do
			echo "$ip $host" >>"$lab_dir/mirrors.hosts"
			echo "$ip . $port," >>"$lab_dir/mirrors.nft"
		done
	done < <(mirror_endpoints)
	[ -s "$lab_dir/mirrors.nft" ] || die "the Debian mirror's name does not resolve on this machine"
}

# One table of our own, so that removing it removes every rule. Traffic between machines passes the forward hook too
# where the bridge is set to call it (bridge-nf-call-iptables).
firewall_up() {
	nft -f - <<-END
	table inet kopslab
	delete table inet kopslab
	table inet kopslab {
		set mirrors {
			type ipv4_addr . inet_service
			elements = { $(sort -u "$lab_dir/mirrors.nft" | tr '\n' ' ') }
		}
		chain forward {
			type filter hook forward priority filter;
			iifname != "$bridge" oifname != "$bridge" accept
			iifname "$bridge" oifname "$bridge" accept
			ct state established,related accept
			iifname "$bridge" ip daddr . tcp dport @mirrors accept
			reject
		}
		chain postrouting {
			type nat hook postrouting priority srcnat;
			ip saddr 10.99.0.0/24 ip daddr != 10.99.0.0/24 masquerade
		}
	}
	END
}

# Names of the lab and of the mirror, nothing else. Containers on the machines need DNS: they do not see /etc/hosts.
names_up() {
	host_lines >"$lab_dir/lab.hosts"
	hosts_block_remove
	{ echo "$hosts_begin"; host_lines; echo "$hosts_end"; } >>/etc/hosts
	if dns_running; then
		kill -HUP "$(cat "$lab_dir/dnsmasq.pid")" # reads the names again
		return
	fi
	dnsmasq --conf-file=/dev/null --pid-file="$lab_dir/dnsmasq.pid" --user=root --bind-interfaces --interface="$bridge" \
		--except-interface=lo --no-resolv --no-hosts --addn-hosts="$lab_dir/lab.hosts" --addn-hosts="$lab_dir/mirrors.hosts" 9>&-
}

names_down() {
	dns_down
	hosts_block_remove
}

dns_running() {
	local pid
	pid=$(cat "$lab_dir/dnsmasq.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dnsmasq ]
}

dns_down() {
	local pid
	if dns_running; then
		pid=$(cat "$lab_dir/dnsmasq.pid")
		kill "$pid"
		wait_until 5 process_gone "$pid"
	fi
	rm -f "$lab_dir/dnsmasq.pid"
}

process_gone() { ! [ -e "/proc/$1" ]; }

# Written in place: /etc/hosts is a mount of its own in some containers, and a mount cannot be replaced.
hosts_block_remove() {
	local kept
	kept=$(sed "/^$hosts_begin\$/,/^$hosts_end\$/d" /etc/hosts)
	printf '%s\n' "$kept" >/etc/hosts
}
