#!/bin/sh
# STAND-IN of the kops lab for Apache Kafka's script of this name: starts a broker (or controller) from a properties file.
if [ $# -lt 1 ]; then
    echo "USAGE: $0 [-daemon] server.properties [--override property=value]*" >&2
    exit 1
fi
bin_dir=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
config_dir=$(cd "$bin_dir/../config" && pwd)

if [ -z "$KAFKA_LOG4J_OPTS" ]; then
    if [ -f "$config_dir/log4j2.yaml" ]; then
        KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$config_dir/log4j2.yaml"
    else
        KAFKA_LOG4J_OPTS="-Dlog4j.configuration=file:$config_dir/log4j.properties"
    fi
    export KAFKA_LOG4J_OPTS
fi
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}"

daemon=
if [ "$1" = -daemon ]; then
    daemon=-daemon
    shift
fi
exec "$bin_dir/kafka-run-class.sh" $daemon -name kafkaServer -loggc kafka.Kafka "$@"
