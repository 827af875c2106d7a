#!/bin/sh
# Takes back what the play does to a host, so that the next run is a first one. Runs on the host, as root.
systemctl disable -q --now node-exporter
rm -rf /etc/systemd/system/node-exporter.service /usr/local/kafka /usr/local/jmx /usr/local/node_exporter /usr/local/bin/node_exporter /etc/kops
systemctl daemon-reload
userdel exporter
groupdel exporter
exit 0
