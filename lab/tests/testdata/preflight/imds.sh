#!/bin/bash
# What answers one connection as EC2's metadata service does: to those who bring a token.
while read -r method path _; do
	token=
	while IFS=': ' read -r name text; do
		text=${text%$'\r'}
		[ -n "${name%$'\r'}" ] || break
		[ "${name,,}" != x-aws-ec2-metadata-token ] || token=$text
	done
	status="200 OK" body=
	case "$method $path $token" in
	"PUT /latest/api/token ") body=secret ;;
	"GET /latest/meta-data/placement/availability-zone secret") body=eu-west-1b ;;
	"GET /latest/meta-data/instance-type secret") body=r6i.2xlarge ;;
	*) status="401 Unauthorized" ;;
	esac
	printf 'HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s' "$status" ${#body} "$body"
done
