#!/bin/sh
# A private certificate authority, and a certificate for each name: certs.sh FOLDER NAME…
# FOLDER/ca.pem, FOLDER/NAME.pem (key and chain, as Kafka reads PEM key stores).
set -eu
cd "$1"
shift
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=existing fleet' -keyout ca.key -out ca.pem 2>/dev/null
for name in "$@"; do
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.rsa" -out "$name.csr" 2>/dev/null
	openssl pkcs8 -topk8 -nocrypt -in "$name.rsa" -out "$name.key"
	printf 'subjectAltName=DNS:%s\n' "$name" >"$name.ext"
	openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$name.ext" -out "$name.crt" 2>/dev/null
	cat "$name.key" "$name.crt" ca.pem >"$name.pem"
done
