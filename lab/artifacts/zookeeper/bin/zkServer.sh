#!/bin/sh
# STAND-IN of the kops lab for Apache ZooKeeper's script of this name: start, start-foreground, stop, restart, status, version.
# It honours what the original honours: what zkEnv.sh does, and --config DIR, a configuration file as second argument,
# JMXPORT, JMXDISABLE, JMXLOCALONLY, JVMFLAGS, ZOOPIDFILE.
if [ "$1" = --config ]; then
    ZOOCFGDIR=$2
    shift 2
fi
[ -n "$2" ] && ZOOCFG=$2
. "$(dirname "$(readlink -f "$0")")/zkEnv.sh"

if [ -z "$JMXDISABLE" ] || [ "$JMXDISABLE" = false ]; then
    echo "ZooKeeper JMX enabled by default" >&2
    jmx="-Dcom.sun.management.jmxremote -Dcom.sun.management.jmxremote.local.only=${JMXLOCALONLY:-false}"
    if [ -n "$JMXPORT" ]; then
        jmx="$jmx -Dcom.sun.management.jmxremote.port=$JMXPORT -Dcom.sun.management.jmxremote.authenticate=${JMXAUTH:-false} -Dcom.sun.management.jmxremote.ssl=${JMXSSL:-false}"
    fi
fi
echo "Using config: $ZOOCFG" >&2

setting() { # the last value of a key of the configuration
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$ZOOCFG" | tail -n 1
}
java_server() {
    set -f
    exec "$JAVA" "-Dzookeeper.log.dir=$ZOO_LOG_DIR" "-Dzookeeper.log.file=${ZOO_LOG_FILE:-zookeeper-$(id -un)-server-$(hostname).log}" \
        -XX:+HeapDumpOnOutOfMemoryError "-XX:OnOutOfMemoryError=kill -9 %p" -cp "$CLASSPATH" \
        $SERVER_JVMFLAGS $JVMFLAGS $jmx org.apache.zookeeper.server.quorum.QuorumPeerMain "$ZOOCFG"
}
pid_file() {
    if [ -n "$ZOOPIDFILE" ]; then echo "$ZOOPIDFILE"; else echo "$(setting dataDir)/zookeeper_server.pid"; fi
}
start() {
    pid=$(pid_file)
    if [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; then
        echo "Starting zookeeper ... already running as process $(cat "$pid")."
        exit 1
    fi
    mkdir -p "$ZOO_LOG_DIR" "$(dirname "$pid")" || exit 1
    (java_server > "$ZOO_LOG_DIR/zookeeper-$(id -un)-server-$(hostname).out" 2>&1 < /dev/null) &
    echo $! > "$pid" || exit 4
    echo "Starting zookeeper ... STARTED"
}
stop() {
    pid=$(pid_file)
    if [ ! -f "$pid" ]; then
        echo "Stopping zookeeper ... no zookeeper to stop (could not find file $pid)"
        return
    fi
    kill "$(cat "$pid")" 2>/dev/null
    while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 1; done
    rm "$pid"
    echo "Stopping zookeeper ... STOPPED"
}
status() {
    port=$(setting clientPort)
    host=$(setting clientPortAddress)
    answer=$("$JAVA" -cp "$CLASSPATH" $CLIENT_JVMFLAGS $JVMFLAGS -Dzookeeper.log.dir="$ZOO_LOG_DIR" \
        org.apache.zookeeper.client.FourLetterWordMain "${host:-localhost}" "${port:-2181}" srvr 2>/dev/null | grep Mode)
    if [ -z "$answer" ]; then
        echo "Error contacting service. It is probably not running."
        exit 1
    fi
    echo "$answer"
}
case $1 in
    start) start ;;
    start-foreground) java_server ;;
    stop) stop ;;
    restart) stop; start ;;
    status) status ;;
    version) exec "$JAVA" -cp "$CLASSPATH" org.apache.zookeeper.version.VersionInfoMain ;;
    *)
        echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status}" >&2
        exit 1
        ;;
esac
