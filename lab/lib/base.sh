# The base image that all machines share: Debian 12 as a site's golden image would be.
# shellcheck shell=bash disable=SC2154 # the variables are set in settings.sh

base_packages=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,iproute2,netbase,ca-certificates,curl,procps,iptables,openjdk-17-jre-headless

# The image is built again when this recipe, the key or the apt settings change, but never under running machines.
lab_base() {
	lab_install_deps
	make_key
	write_apt_files
	local recipe
	recipe=$({ host_lines; cat "$here/lib/base.sh" "$ssh_dir/id_ed25519.pub" "$lab_dir/sources.list" "$lab_dir/apt.conf"; } | sha256sum)
	[ "$recipe" != "$(cat "$lab_dir/base.recipe" 2>/dev/null)" ] || return 0
	if [ -d "$base_dir" ] && [ -n "$(running_machines)" ]; then
		say "the base image's recipe has changed; it is built again by the next 'up' after 'lab/lab down'"
		return 0
	fi
	build_base
	printf '%s\n' "$recipe" >"$lab_dir/base.recipe"
}

make_key() {
	mkdir -p "$ssh_dir"
	chmod 755 "$lab_dir" "$ssh_dir"
	[ -e "$ssh_dir/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C kops-lab -f "$ssh_dir/id_ed25519"
}

# write_apt_files: how machines get Debian's packages, which is how this machine gets them: sources.list and apt.conf.
# Asking apt takes a second: once is enough until /etc/apt changes.
write_apt_files() {
	apt_settings >"$lab_dir/apt.conf"
	[ -s "$lab_dir/sources.list" ] && [ -z "$(find /etc/apt -newer "$lab_dir/sources.list")" ] && return
	debian_sources >"$lab_dir/sources.list.new"
	mv "$lab_dir/sources.list.new" "$lab_dir/sources.list"
}

# debian_sources: the Debian repositories that this machine uses, as lines of sources.list.
debian_sources() {
	local found
	found=$(debian_targets) || { # without package lists apt does not know which repositories are Debian's
		apt-get update -qq >&2
		found=$(debian_targets) || die "no Debian 12 repository (bookworm main) in this machine's apt sources"
	}
	printf '%s\n' "$found" | sed 's/^/deb /'
}

debian_targets() {
	# shellcheck disable=SC2016 # the fields are apt's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		grep -E ' bookworm[^ ]* main$' | sort -u
}

# apt_settings: how this machine's apt gets at them (a proxy, checks that a frozen mirror needs switched off), as lines of apt.conf.
apt_settings() {
	apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::Proxy) ' || true
	local scheme variable
	for scheme in http https; do
		variable=${scheme}_proxy
		[ -z "${!variable:-}" ] || echo "Acquire::$scheme::Proxy \"${!variable}\";"
	done
}

build_base() {
	local new=$lab_dir/base.new
	say "building the base image (a minute or two); every machine starts anew on it"
	rm -rf "$new" "$base_dir" "$machines_dir" "$lab_dir/base.recipe"
	# OpenJDK's package fails to configure without man1, and without /proc: java finds its libraries through /proc/self/exe
	# (mmdebstrap mounts it as root). A site's own certificate authorities, for mirrors behind https, are there before
	# ca-certificates is, whose installation then takes them up, Java's keystore too.
	# shellcheck disable=SC2016 # $1 is the hook's
	mmdebstrap --quiet --mode=root --variant=minbase --include="$base_packages" \
		--aptopt="$lab_dir/apt.conf" --dpkgopt=force-unsafe-io \
		--setup-hook='mkdir -p "$1/usr/share/man/man1" "$1/usr/local/share/ca-certificates"' \
		--setup-hook='find /usr/local/share/ca-certificates -name "*.crt" -exec cp -t "$1/usr/local/share/ca-certificates" {} +' \
		bookworm "$new" "$lab_dir/sources.list" >"$lab_dir/base.log" 2>&1 ||
		die "mmdebstrap failed: $(tail -n 20 "$lab_dir/base.log")"
	# mmdebstrap leaves them under a name of its own beside an empty sources.list.
	rm -f "$new"/etc/apt/sources.list.d/*
	cp "$lab_dir/sources.list" "$new/etc/apt/sources.list"
	configure_system "$new"
	create_users "$new"
	if compgen -G "$new/usr/bin/python*" >/dev/null; then die "the base image has Python on it"; fi
	mv "$new" "$base_dir"
}

configure_system() {
	local root=$1
	# A name that does not resolve, above all the own one, makes each sudo wait for DNS.
	{
		echo "127.0.0.1 localhost"
		echo "::1 localhost ip6-localhost ip6-loopback"
		echo "$controller_ip controller"
		host_lines
	} >"$root/etc/hosts"
	echo "nameserver $controller_ip" >"$root/etc/resolv.conf"
	# Each machine has its own; see machine_create.
	rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/etc/hostname"
	chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service
	# apt's timers hold its lock at moments of their own; a console login has nobody to talk to; udev has no devices here.
	chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
		console-getty.service systemd-networkd-wait-online.service
}

create_users() {
	local root=$1 user
	for user in ops pw plain; do chroot "$root" useradd --create-home --shell /bin/bash "$user"; done
	for user in ops pw; do
		install -d -m 700 "$root/home/$user/.ssh"
		install -m 600 "$ssh_dir/id_ed25519.pub" "$root/home/$user/.ssh/authorized_keys"
		chroot "$root" chown -R "$user:$user" "/home/$user/.ssh"
	done
	printf 'pw:kops-lab-pw\nplain:kops-lab-plain\n' | chroot "$root" chpasswd
	echo 'ops ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
	echo 'pw ALL=(ALL:ALL) ALL' >"$root/etc/sudoers.d/pw"
	chmod 440 "$root/etc/sudoers.d/ops" "$root/etc/sudoers.d/pw"
}
