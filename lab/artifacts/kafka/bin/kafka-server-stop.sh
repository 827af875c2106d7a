#!/bin/sh
# STAND-IN of the kops lab for Apache Kafka's script of this name: signals every broker of this machine.
SIGNAL=${SIGNAL:-TERM}
stopped=
for cmdline in /proc/[0-9]*/cmdline; do
    # A process may be gone by now.
    if { tr '\0' '\n' < "$cmdline"; } 2>/dev/null | grep -qx 'kafka\.Kafka'; then
        pid=${cmdline#/proc/}
        pid=${pid%/cmdline}
        kill -s "$SIGNAL" "$pid" && stopped=yes
    fi
done
if [ -z "$stopped" ]; then
    echo "No kafka server to stop" >&2
    exit 1
fi
