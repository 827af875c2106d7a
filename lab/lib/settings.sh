# Names, addresses, paths, and the few functions that every part uses.
# shellcheck shell=bash disable=SC2034

lab_dir=${KOPS_LAB_DIR:-/var/lib/kops-lab}
base_dir=$lab_dir/base
machines_dir=$lab_dir/machines
ssh_dir=$lab_dir/ssh
bridge=kopslab
controller_ip=10.99.0.1
default_names=(zk1 zk2 zk3 kafka1 kafka2 kafka3 ops1)
all_names=("${default_names[@]}" spare{1..79})

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die "boots machines and changes the network: run it as root (sudo $0 …)"
}

# One command at a time changes the lab. Machines must not inherit the lock: see machine_boot.
take_lock() {
	mkdir -p "$lab_dir"
	exec 9>"$lab_dir/lock"
	flock -n 9 || {
		say "waiting for another lab command to end"
		flock 9
	}
}

check_names() {
	local name
	for name in "$@"; do
		case " ${all_names[*]} " in
		*" $name "*) ;;
		*) die "there is no machine '$name'; machines: ${all_names[*]}" ;;
		esac
	done
}

# address NAME: prints its address.
address() {
	local number=${1##*[a-z]}
	case $1 in
	zk*) echo "10.99.0.1$number" ;;
	kafka*) echo "10.99.0.2$number" ;;
	ops*) echo "10.99.0.3$number" ;;
	spare*) echo "10.99.0.$((40 + number))" ;;
	esac
}

# host_lines: every machine as a line of /etc/hosts.
host_lines() {
	local name
	for name in "${all_names[@]}"; do echo "$(address "$name") $name"; done
}

# wait_until SECONDS COMMAND…: runs the command until it succeeds or the time is over.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}
