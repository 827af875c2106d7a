#!/bin/sh
# STAND-IN of the kops lab for Apache ZooKeeper's script of this name: its own command-line client.
. "$(dirname "$(readlink -f "$0")")/zkEnv.sh"
exec "$JAVA" -Dzookeeper.log.dir="$ZOO_LOG_DIR" -cp "$CLASSPATH" $CLIENT_JVMFLAGS $JVMFLAGS org.apache.zookeeper.ZooKeeperMain "$@"
