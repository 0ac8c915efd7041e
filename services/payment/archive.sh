#!/bin/sh
# Makes the class-data archive that halves the start: runs the service with neighbours that do not exist until it says that it
# is ready, and ends it politely. Usage: archive.sh JAR ARCHIVE
set -eu
log=$(mktemp)
env PAYMENT_DATABASE_URL=postgres://nobody:nothing@127.0.0.1:1/none PAYMENT_PROVIDER_URL=http://127.0.0.1:1 \
    NATS_URL=nats://127.0.0.1:1 PAYMENT_GRPC_LISTEN=127.0.0.1:0 PAYMENT_ADMIN_LISTEN=127.0.0.1:0 \
    java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit="$2" -Xlog:cds=off -jar "$1" 2>"$log" &
pid=$!
tries=0
until grep -q '"ready"' "$log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$pid"; then
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
done
kill "$pid"
wait "$pid"
test -s "$2"
rm "$log"
