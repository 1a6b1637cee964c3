#!/bin/bash
# s3rver, an S3 server that answers 200 to every conditional PUT, the key taken or not: the store that
# pgblob must notice and refuse.  It checks no signature; its keys are S3RVER and S3RVER, path style only.
# usage: s3rver.sh start|stop|status STATE-DIRECTORY PORT
# env:   PGBLOB_TEST_PROGRAMS                       see common.sh
# Licence: MIT, see LICENSE.
set -eu
. "$(dirname "$0")/common.sh"
verb=${1:-} STATE=${2:-} port=${3:-}
[ -n "$STATE" ] && [ -n "$port" ] || die 'usage: s3rver.sh start|stop|status STATE-DIRECTORY PORT'
version=3.7.1
app=$PROGRAMS/s3rver-$version

start() {
	apt_install nodejs
	npm_install "$app" "s3rver@$version"
	setsid node "$app/node_modules/s3rver/bin/s3rver.js" --address 127.0.0.1 --port "$port" \
		--directory "$STATE/data" --silent &
	echo $! >"$STATE/s3rver.pid"
}

case $verb in
start)
	mkdir -p "$STATE/data"
	STATE=$(cd "$STATE" && pwd)
	if ! alive s3rver s3rver; then
		start >>"$STATE/log" 2>&1 </dev/null & # in the background, or else -e would not hold in it
		wait $! || die "not started, see $STATE/log"
	fi
	wait_listening "$port" s3rver s3rver || die "does not listen on port $port, see $STATE/log"
	;;
stop)
	! alive s3rver s3rver || kill -9 "$(cat "$STATE/s3rver.pid")"
	rm -f "$STATE/s3rver.pid"
	;;
status)
	alive s3rver s3rver && listening "$port" && echo running || { echo stopped; exit 3; }
	;;
*) die "\"$verb\" is none of start, stop, status" ;;
esac
