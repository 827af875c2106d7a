#!/bin/sh
# Records what ansible-inventory says about the folder site; run with it in PATH, in this folder.
set -eu
ansible-inventory -i site --graph > site.graph
ansible-inventory -i site --list > site.list
for pattern in all '*' kafka 'zookeeper:ops' 'ops,kafka' 'kafka:!kafka02' 'clusters:&infra' '!kafka' '~k.*0[12]' 'kafka0?' \
	'kafka[0]' 'kafka[-1]' 'kafka[1:2]' 'kafka[2:]' 'db-[ab]' 'zk1:zk3' 'lonely,extra' 'k*:!*[23]*' localhost; do
	printf '%s =' "$pattern"
	ansible "$pattern" -i site --list-hosts 2>/dev/null | sed 1d | tr -s '\n ' ' '
	echo
done > site.patterns
