# Proves what the README promises, on machines of its own.
# shellcheck shell=bash disable=SC2154,SC2016 # variables are set in settings.sh; quoted commands run on machines

test_names=(spare3 spare4 spare5 spare6 spare7 spare8 spare9)
passed=0
failed=0

selftest() {
	set -- "${test_names[@]}"
	remove_test_machines "$@"
	test_boot_time "$@"
	test_users spare8
	test_system spare8
	test_names_resolve spare8
	test_network spare8
	test_reboot spare8
	test_docker spare8
	test_reset spare9
	test_power_off spare9
	remove_test_machines "$@"
	test_no_traces "$@"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# check WHAT COMMAND…: counts and reports whether the command succeeds.
check() {
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
		echo "ok    $what"
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
	fi
}

# check_time WHAT LIMIT COMMAND…: the command must succeed within LIMIT seconds.
check_time() {
	local what=$1 limit=$2 begin took
	shift 2
	begin=$EPOCHREALTIME
	"$@" >/dev/null || what="$what, and its command failed" limit=-1
	took=$(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $begin}")
	check "$what: $took s" awk "BEGIN {exit !($took < $limit)}"
}

not() { ! "$@"; }

on() { machine_ssh "$@" </dev/null; }

lab() { "$here/lab" "$@"; }

remove_test_machines() {
	local name
	lab down "$@"
	for name in "$@"; do rm -rf "${machines_dir:?}/$name"; done
}

test_boot_time() {
	lab base
	check_time "seven new hosts answer on SSH within 30 s" 30 lab up "$@"
}

test_users() {
	local host=$1
	check "ops: sudo without password" on "ops@$host" 'sudo -n true'
	check "pw: no sudo without its password" not on "pw@$host" 'sudo -n true'
	check "pw: sudo with its password" on "pw@$host" 'echo kops-lab-pw | sudo -S true'
	check "plain: no login by key" not on "plain@$host" -o PasswordAuthentication=no true
	check "plain: login by password" on_with_password kops-lab-plain "plain@$host" true
	check "plain: no sudo" not on_with_password kops-lab-plain "plain@$host" 'echo kops-lab-plain | sudo -S true'
	check "root: no login" not on "root@$host" -o BatchMode=yes true
}

# on_with_password PASSWORD USER@NAME CMD…: ssh asks a program for the password, here itself a line of shell.
on_with_password() (
	ask=$(mktemp)
	trap 'rm -f "$ask"' EXIT
	printf '#!/bin/sh\necho "%s"\n' "$1" >"$ask"
	chmod 700 "$ask"
	shift
	SSH_ASKPASS=$ask SSH_ASKPASS_REQUIRE=force on "$@"
)

test_system() {
	local host=$1
	check "systemd is PID 1 and without failed units" on "$host" 'test "$(systemctl is-system-running --wait)" = running'
	check "sshd has Debian's limits" on "$host" 'sudo sshd -T | grep -qx "maxsessions 10" && sudo sshd -T | grep -qx "maxstartups 10:30:100"'
	check "no Python" on "$host" '! ls /usr/bin/*python* /usr/local/bin/*python* 2>/dev/null | grep -q .'
	check "Java 17" on "$host" 'java -version 2>&1 | grep -q "version \"17"'
	check "machine-id of its own" test "$(on "$host" cat /etc/machine-id)" != "$(on spare9 cat /etc/machine-id)"
	echo "      memory of a host: $(machine_memory "$host") MB"
}

test_names_resolve() {
	local host=$1
	check "own name resolves on the host" on "$host" 'getent hosts "$(hostname)"'
	check "all names resolve on the host" on "$host" "getent hosts ${all_names[*]} | wc -l | grep -qx ${#all_names[@]}"
	check "names resolve on the controller" getent hosts kafka3 "$host"
	check "known_hosts has name and address" grep -q "^$host,$(address "$host") ssh-ed25519 " "$ssh_dir/known_hosts"
}

test_network() {
	local host=$1 mirror
	mirror=$(head -n 1 "$lab_dir/mirrors.hosts" | cut -d' ' -f1)
	check "apt-get update" on "$host" 'sudo apt-get update -qq'
	check "hosts reach each other" on "$host" "bash -c '</dev/tcp/spare9/22'"
	check "other names do not resolve" on "$host" '! getent hosts example.org'
	check "other addresses are refused" on "$host" "! timeout 5 bash -c '</dev/tcp/198.51.100.1/80'"
	check "other ports of the mirror are refused" on "$host" "! timeout 5 bash -c '</dev/tcp/$mirror/22'"
}

test_reboot() {
	local host=$1 before
	before=$(boot_id "$host")
	on "$host" 'sudo systemctl reboot' >/dev/null 2>&1 || true
	check_time "a reboot from inside comes back" 30 wait_until 30 booted_since "$host" "$before"
	before=$(boot_id "$host")
	check_time "lab/lab reboot" 30 lab reboot "$host"
	check "lab/lab reboot was one" booted_since "$host" "$before"
}

boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }

# booted_since NAME BOOT_ID: it answers, and this boot is another.
booted_since() {
	local now
	now=$(boot_id "$1" 2>/dev/null) && [ "$now" != "$2" ]
}

# The image is the host's own shell with the libraries that it needs: no registry takes part.
test_docker() {
	local host=$1
	check_time "docker.io installs" 120 on "$host" \
		'sudo DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io >/dev/null 2>&1'
	check "Docker uses overlay2" on "$host" 'sudo docker info -f "{{.Driver}}" 2>/dev/null | grep -qx overlay2'
	check "a container runs, and lab names resolve in it" on "$host" \
		'tar -chP /bin/sh /usr/bin/getent $(ldd /bin/sh /usr/bin/getent | grep -o "/lib[^ :]*" | sort -u) /lib/*/libnss_dns.so.2 /lib/*/libresolv.so.2 |
		sudo docker import - own:1 && sudo docker run --rm own:1 /bin/sh -c "/usr/bin/getent ahosts kafka1" | grep -q 10.99.0.21'
}

test_reset() {
	local host=$1 key
	key=$(grep "^$host,.* ssh-ed25519 " "$ssh_dir/known_hosts")
	on "$host" 'touch marker'
	nft "table inet kops_${host}_left { chain in { type filter hook input priority -10; ip saddr $(address "$host") drop; }; }"
	check_time "reset within 5 s, also of a machine that a killed test had cut off" 5 lab reset "$host"
	check "the disk is new" on "$host" 'test ! -e marker'
	check "the host keys are new" test "$key" != "$(grep "^$host,.* ssh-ed25519 " "$ssh_dir/known_hosts")"
}

test_power_off() {
	local host=$1
	on "$host" 'touch marker; sudo systemctl poweroff' >/dev/null 2>&1 || true
	check "a power-off from inside stays off" wait_until 20 machine_stopped "$host"
	lab up "$host"
	check "the disk survives a power-off" on "$host" 'test -e marker'
}

test_no_traces() {
	local name
	for name in "$@"; do
		check "nothing of $name is left after down" not machine_has_traces "$name"
	done
}

machine_has_traces() {
	grep -q " $machines_dir/$1/" /proc/mounts || [ -e "/sys/class/net/vb-$1" ] || [ -e "$(cgroup_root)/kops-lab/$1" ]
}
