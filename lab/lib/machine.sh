# The machines: disk, boot, reboot, shutdown.
# shellcheck shell=bash disable=SC2154 # the variables are set in settings.sh

lab_up() {
	[ $# -gt 0 ] || set -- "${default_names[@]}"
	lab_base
	network_up
	local name
	for name in "$@"; do machine_boot "$name"; done
	wait_ready "$@"
	artifacts_serve
}

lab_down() {
	local everything=
	[ $# -gt 0 ] || { everything=yes; set -- "${all_names[@]}"; }
	local name zookeepers=() others=()
	for name in "$@"; do
		case $name in zk*) zookeepers+=("$name") ;; *) others+=("$name") ;; esac
	done
	# Brokers hand their partitions over through ZooKeeper: without it each waits for it until systemd's patience ends.
	machines_shut_down "${others[@]}"
	machines_shut_down "${zookeepers[@]}"
	[ -z "$everything" ] || {
		artifacts_stop
		network_down
		cgroup_cleanup
	}
}

machines_shut_down() {
	local name
	for name in "$@"; do machine_ask_shutdown "$name"; done
	for name in "$@"; do
		wait_until 40 machine_stopped "$name" || say "$name does not shut down; killing it"
		machine_remove_traces "$name"
	done
}

lab_reset() {
	[ $# -gt 0 ] || die "reset: name the machines"
	lab_base
	network_up
	local name
	for name in "$@"; do
		machine_remove_traces "$name"
		rm -rf "${machines_dir:?}/$name"
		machine_boot "$name"
	done
	wait_ready "$@"
}

lab_reboot() {
	[ $# -gt 0 ] || die "reboot: name the machines"
	local name
	local -A before
	for name in "$@"; do
		before[$name]=$(machine_init "$name")
		[ -n "${before[$name]}" ] || die "$name is not up"
		kill -s RTMIN+5 "${before[$name]}" # systemd's signal for an orderly reboot
	done
	for name in "$@"; do
		wait_until 60 process_gone "${before[$name]}" || die "$name does not go down for the reboot: $machines_dir/$name/console.log"
	done
	wait_ready "$@"
}

lab_status() {
	local name state memory
	printf '%-8s %-11s %-5s %s\n' NAME ADDRESS STATE MEMORY
	for name in "${all_names[@]}"; do
		[ -d "$machines_dir/$name" ] || continue
		state=down memory=
		if ! machine_stopped "$name"; then
			state=up memory="$(machine_memory "$name") MB"
		fi
		printf '%-8s %-11s %-5s %s\n' "$name" "$(address "$name")" "$state" "$memory"
	done
}

lab_destroy() {
	lab_down
	rm -rf "$lab_dir"
}

# machine_ssh [USER@]NAME [CMD…]
machine_ssh() {
	[ $# -gt 0 ] || die "ssh: name a machine"
	local user=ops name=$1
	shift
	case $name in *@*) user=${name%@*} name=${name#*@} ;; esac
	check_names "$name"
	ssh -F none -i "$ssh_dir/id_ed25519" -o IdentitiesOnly=yes -o UserKnownHostsFile="$ssh_dir/known_hosts" \
		-o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes "$user@$(address "$name")" "$@"
}

running_machines() {
	local name
	for name in "${all_names[@]}"; do
		machine_stopped "$name" || echo "$name"
	done
}

# machine_create NAME: an empty disk over the base image, with what makes this machine itself.
machine_create() {
	local name=$1 dir=$machines_dir/$1
	[ ! -e "$dir/created" ] || return 0
	rm -rf "$dir"
	# Docker falls back to copying whole images where /var/lib/docker lies on an overlay: it gets a real folder.
	mkdir -p "$dir/upper/etc/ssh" "$dir/upper/etc/systemd/network" "$dir/work" "$dir/root" "$dir/docker"
	echo "$name" >"$dir/upper/etc/hostname"
	tr -d - </proc/sys/kernel/random/uuid >"$dir/upper/etc/machine-id"
	cat >"$dir/upper/etc/systemd/network/10-host0.network" <<-END
	[Match]
	Name=host0
	[Network]
	Address=$(address "$name")/24
	Gateway=$controller_ip
	LinkLocalAddressing=no
	IPv6AcceptRA=no
	END
	make_host_keys "$dir/upper/etc/ssh"
	touch "$dir/created"
	known_hosts_write
}

# make_host_keys FOLDER: the three keys that Debian's sshd offers; RSA shorter than its default, which takes seconds to find.
make_host_keys() {
	local type bits
	while read -r type bits; do
		ssh-keygen -q -t "$type" -b "$bits" -N '' -C "" -f "$1/ssh_host_${type}_key"
	done <<-END
	rsa 2048
	ecdsa 256
	ed25519 256
	END
}

# known_hosts_write: the hosts' real keys under name and address, so that strict checking is on everywhere.
known_hosts_write() {
	local name key
	for name in "${all_names[@]}"; do
		for key in "$machines_dir/$name"/upper/etc/ssh/ssh_host_*_key.pub; do
			[ ! -e "$key" ] || echo "$name,$(address "$name") $(cut -d' ' -f1,2 "$key")"
		done
	done >"$ssh_dir/known_hosts.new"
	mv "$ssh_dir/known_hosts.new" "$ssh_dir/known_hosts"
}

machine_boot() {
	local name=$1 dir=$machines_dir/$1
	machine_stopped "$name" || return 0
	machine_remove_traces "$name"
	machine_create "$name"
	mount -t overlay overlay -o "lowerdir=$base_dir,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
	mkdir -p "$(cgroup_root)/kops-lab/$name"
	# 9 is the lab's lock: a machine must not keep it.
	setsid --fork "$here/lab" supervise "$name" </dev/null >"$dir/console.log" 2>&1 9>&-
	wait_until 5 machine_started "$name" || die "$name does not start: $dir/console.log"
}

# machine_supervise NAME runs the machine until it is powered off. A reboot from inside ends nspawn with
# status 133 (because of --keep-unit): it is started again.
machine_supervise() {
	local name=$1 dir=$machines_dir/$1 status=133
	# A control group of its own: nspawn names its subgroups the same for each machine, and refuses to run in
	# a login session's group.
	echo $$ >"$(cgroup_root)/kops-lab/$name/cgroup.procs"
	# Real systemd wants cgroup v2, whatever this machine shows. All capabilities, keyring and bpf are for Docker inside.
	export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
	cd /
	while [ "$status" -eq 133 ]; do
		status=0
		systemd-nspawn --quiet --boot --machine="$name" --directory="$dir/root" --bind="$dir/docker:/var/lib/docker" \
			--network-bridge="$bridge" --register=no --keep-unit --resolv-conf=off --timezone=off --link-journal=no \
			--console=read-only --capability=all --system-call-filter='@keyring bpf' || status=$?
	done
}

wait_ready() {
	local name
	for name in "$@"; do
		# Seven machines whose services all start with them share two cores.
		wait_until 180 machine_ready "$name" || die "$name does not answer on SSH: $machines_dir/$name/console.log"
	done
}

# Logging in is the proof: sshd answers before the machine lets users in.
machine_ready() { machine_ssh "$1" -o ConnectTimeout=2 -o BatchMode=yes true >/dev/null 2>&1; }

machine_ask_shutdown() {
	local init
	init=$(machine_init "$1")
	[ -z "$init" ] || kill -s RTMIN+4 "$init" # systemd's signal for an orderly power-off
}

# machine_remove_traces kills what is left of it, takes its mounts and control groups away and mends its network; its disk stays.
machine_remove_traces() {
	local name=$1 group
	group=$(cgroup_root)/kops-lab/$name
	if [ -d "$group" ]; then
		echo 1 >"$group/cgroup.kill"
		wait_until 10 machine_stopped "$name" || die "processes of $name do not die: $group"
		find "$group" -depth -type d -exec rmdir {} +
	fi
	ip link delete "vb-$name" 2>/dev/null || true
	if mountpoint -q "$machines_dir/$name/root"; then umount "$machines_dir/$name/root"; fi
	network_mend "$name"
}

machine_started() { [ -n "$(machine_init "$1")" ]; }

machine_stopped() { ! grep -qs '^populated 1' "$(cgroup_root)/kops-lab/$1/cgroup.events"; }

# machine_init NAME: the process id, seen from here, of the machine's PID 1; nothing when it is down.
machine_init() { head -n 1 "$(cgroup_root)/kops-lab/$1/payload/init.scope/cgroup.procs" 2>/dev/null || true; }

# machine_memory NAME: resident memory of its processes in MB.
machine_memory() {
	find "$(cgroup_root)/kops-lab/$1" -name cgroup.procs -exec cat {} + |
		while read -r pid; do awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null || true; done |
		awk '{sum += $1} END {print int(sum / 1024)}'
}

# cgroup_root: where cgroup v2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified beside v1 controllers.
cgroup_root() {
	awk '$3 == "cgroup2" {print $2; found = 1; exit} END {exit !found}' /proc/mounts ||
		die "cgroup v2 is not mounted on this machine"
}

# nspawn mirrors its groups into systemd's own hierarchy, where v1 controllers are mounted.
cgroup_cleanup() {
	local group
	for group in "$(cgroup_root)/kops-lab" /sys/fs/cgroup/systemd/kops-lab; do
		[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
	done
}
