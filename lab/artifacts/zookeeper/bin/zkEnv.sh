#!/bin/sh
# STAND-IN of the kops lab for Apache ZooKeeper's script of this name, which Maven Central's jars do not contain.
# Sourced by the others. It honours what the original honours: ZOOCFGDIR, ZOOCFG, ZOO_LOG_DIR, ZOO_LOG_FILE, JAVA_HOME,
# CLASSPATH, ZK_SERVER_HEAP and ZK_CLIENT_HEAP (MB), SERVER_JVMFLAGS, CLIENT_JVMFLAGS, conf/zookeeper-env.sh and conf/java.env.
ZOOKEEPER_PREFIX=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
ZOOCFGDIR=${ZOOCFGDIR:-$ZOOKEEPER_PREFIX/conf}
[ -f "$ZOOCFGDIR/zookeeper-env.sh" ] && . "$ZOOCFGDIR/zookeeper-env.sh"
[ -f "$ZOOCFGDIR/java.env" ] && . "$ZOOCFGDIR/java.env"
ZOOCFG=${ZOOCFG:-zoo.cfg}
case $ZOOCFG in
    /*) ;;
    *) ZOOCFG=$ZOOCFGDIR/$ZOOCFG ;;
esac
ZOO_LOG_DIR=${ZOO_LOG_DIR:-$ZOOKEEPER_PREFIX/logs}
if [ -n "$JAVA_HOME" ]; then JAVA=$JAVA_HOME/bin/java; else JAVA=java; fi
CLASSPATH=$ZOOCFGDIR:$ZOOKEEPER_PREFIX/lib/*${CLASSPATH:+:$CLASSPATH}
SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP:-1000}m $SERVER_JVMFLAGS"
CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP:-256}m $CLIENT_JVMFLAGS"
