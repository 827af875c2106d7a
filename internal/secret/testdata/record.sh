#!/bin/sh
# Records what the real ansible-vault writes; run with it in PATH, in this folder.
set -eu
umask 077
printf 'correct horse' > password
printf 'of the other' > password-prod
printf 'db_password: "gr\303\274n {{ x }}"\nuser: kafka\n' > plain
cp plain v11 && ansible-vault encrypt --vault-id password v11
cp plain v12 && ansible-vault encrypt --vault-id prod@password-prod --encrypt-vault-id prod v12
printf 'sixteen bytes ok' | ansible-vault encrypt_string --vault-id password --stdin-name key > string.yml
printf '' > empty && ansible-vault encrypt --vault-id password empty
export ANSIBLE_VAULT_ENCRYPT_SALT=0123456789abcdef0123456789abcdef # fixed, so that kops must write the same bytes
cp plain salted && ansible-vault encrypt --vault-id password salted
cp plain salted-prod && ansible-vault encrypt --vault-id prod@password-prod --encrypt-vault-id prod salted-prod
