# What the lab needs from the machine that it runs on.
# shellcheck shell=bash disable=SC2154 # the variables are set in settings.sh

# "COMMAND PACKAGE" lines.
needed_commands='systemd-nspawn systemd-container
mmdebstrap mmdebstrap
nft nftables
ip iproute2
dnsmasq dnsmasq-base
ssh openssh-client
gpgv gpgv
flock util-linux'

lab_install_deps() {
	local command package missing=()
	while read -r command package; do
		command -v "$command" >/dev/null || missing+=("$package")
	done <<<"$needed_commands"
	[ "${#missing[@]}" -gt 0 ] || return 0
	say "installing ${missing[*]}"
	mkdir -p "$lab_dir"
	{
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
	} >"$lab_dir/deps.log" 2>&1 || die "apt-get failed: $(tail -n 20 "$lab_dir/deps.log")"
}
