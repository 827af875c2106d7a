# The artifact server and the registry, which hosts and playbooks fetch from.
# shellcheck shell=bash disable=SC2154 # the variables are set in settings.sh

artifacts_bin=$lab_dir/bin/artifacts

# lab_artifacts: builds what is not built yet, and serves it.
lab_artifacts() {
	network_up
	mkdir -p "$lab_dir/bin"
	(cd "$here/.." && go build -o "$artifacts_bin" ./lab/artifacts)
	(cd "$here/.." && "$artifacts_bin" build 9>&-)
	artifacts_serve
}

# artifacts_serve: starts the server where there is something to serve; a running one stays.
artifacts_serve() {
	[ -x "$artifacts_bin" ] || return 0
	(cd "$here/.." && "$artifacts_bin" serve -daemon 9>&-)
}

artifacts_stop() {
	[ ! -x "$artifacts_bin" ] || "$artifacts_bin" stop
}
