#!/bin/sh
# STAND-IN of the kops lab for Apache Kafka's script of this name, which Maven Central's jars do not contain.
# It honours what the original honours: JAVA_HOME, CLASSPATH, LOG_DIR, JMX_PORT, KAFKA_JMX_OPTS, KAFKA_HEAP_OPTS,
# KAFKA_LOG4J_OPTS, KAFKA_JVM_PERFORMANCE_OPTS, KAFKA_GC_LOG_OPTS, KAFKA_OPTS, and -daemon, -name, -loggc.
usage() {
    echo "USAGE: $0 [-daemon] [-name servicename] [-loggc] classname [opts]" >&2
    exit 1
}
[ $# -ge 1 ] || usage

base_dir=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
daemon=false
name=kafkaService
while [ $# -gt 0 ]; do
    case $1 in
        -daemon) daemon=true; shift ;;
        -name) name=$2; shift 2 ;;
        -loggc) loggc=true; shift ;;
        *) break ;;
    esac
done
[ $# -ge 1 ] || usage

LOG_DIR=${LOG_DIR:-$base_dir/logs}
[ -d "$LOG_DIR" ] || mkdir -p "$LOG_DIR" || exit 1

if [ -z "$KAFKA_LOG4J_OPTS" ]; then
    if [ -f "$base_dir/config/tools-log4j2.yaml" ]; then
        KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$base_dir/config/tools-log4j2.yaml"
    else
        KAFKA_LOG4J_OPTS="-Dlog4j.configuration=file:$base_dir/config/tools-log4j.properties"
    fi
fi
KAFKA_LOG4J_OPTS="-Dkafka.logs.dir=$LOG_DIR $KAFKA_LOG4J_OPTS"

if [ -z "$KAFKA_JMX_OPTS" ]; then
    KAFKA_JMX_OPTS="-Dcom.sun.management.jmxremote -Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false"
fi
if [ -n "$JMX_PORT" ]; then
    KAFKA_JMX_OPTS="$KAFKA_JMX_OPTS -Dcom.sun.management.jmxremote.port=$JMX_PORT"
    case $KAFKA_JMX_OPTS in
        *-Dcom.sun.management.jmxremote.rmi.port=*) ;;
        *) KAFKA_JMX_OPTS="$KAFKA_JMX_OPTS -Dcom.sun.management.jmxremote.rmi.port=$JMX_PORT" ;;
    esac
fi

if [ -n "$JAVA_HOME" ]; then java=$JAVA_HOME/bin/java; else java=java; fi
KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx256M}
KAFKA_JVM_PERFORMANCE_OPTS=${KAFKA_JVM_PERFORMANCE_OPTS:--server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true}
if [ "$loggc" = true ]; then
    KAFKA_GC_LOG_OPTS=${KAFKA_GC_LOG_OPTS:--Xlog:gc*:file=$LOG_DIR/$name-gc.log:time,tags:filecount=10,filesize=100M}
fi
CLASSPATH=${CLASSPATH:+$CLASSPATH:}$base_dir/libs/*

# The options are lists of words on purpose: unquoted.
set -f
set -- $KAFKA_HEAP_OPTS $KAFKA_JVM_PERFORMANCE_OPTS $KAFKA_GC_LOG_OPTS $KAFKA_JMX_OPTS $KAFKA_LOG4J_OPTS \
    -cp "$CLASSPATH" $KAFKA_OPTS "$@"
if [ $daemon = true ]; then
    nohup "$java" "$@" > "$LOG_DIR/$name.out" 2>&1 < /dev/null &
else
    exec "$java" "$@"
fi
