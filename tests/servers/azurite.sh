#!/bin/bash
# Azurite, the emulator of Azure Blob Storage, on loopback: http://127.0.0.1:PORT/ACCOUNT
# usage: azurite.sh start|stop|status STATE-DIRECTORY PORT
# env:   AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY   the one account it serves, its key in base64 (start)
#        AZURITE_TLS=1      https with STATE/tls.crt, and bearer tokens are accepted
#        PGBLOB_TEST_PROGRAMS                       see common.sh
# What it acknowledged in its last seconds is lost when it is killed: it stands for Azure's answers,
# not for Azure's durability.
# Licence: MIT, see LICENSE.
set -eu
. "$(dirname "$0")/common.sh"
verb=${1:-} STATE=${2:-} port=${3:-}
[ -n "$STATE" ] && [ -n "$port" ] || die 'usage: azurite.sh start|stop|status STATE-DIRECTORY PORT'
azurite=3.37.0 node=22.23.3
app=$PROGRAMS/azurite-$azurite

start() {
	: "${AZURE_STORAGE_ACCOUNT:?}" "${AZURE_STORAGE_KEY:?}"
	local packages=("azurite@$azurite") args program
	apt_install nodejs
	# it wants Node.js 22, newer than Debian 12's; npm has that as a package
	[ "$(node -p 'parseInt(process.versions.node)')" -ge 22 ] ||
		packages+=("node-$(node -p 'process.platform + "-" + process.arch')@$node")
	npm_install "$app" "${packages[@]}"
	args=(--blobHost 127.0.0.1 --blobPort "$port" --location "$STATE/data" --silent --disableTelemetry)
	if [ -n "${AZURITE_TLS:-}" ]; then
		apt_install openssl
		[ -e "$STATE/tls.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
			-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
			-keyout "$STATE/tls.key" -out "$STATE/tls.crt"
		args+=(--cert "$STATE/tls.crt" --key "$STATE/tls.key" --oauth basic)
	fi
	program=$(ls "$app"/node_modules/node-*/bin/node 2>/dev/null || command -v node)
	AZURITE_ACCOUNTS="$AZURE_STORAGE_ACCOUNT:$AZURE_STORAGE_KEY" setsid \
		"$program" --max-old-space-size=512 "$app/node_modules/azurite/dist/src/blob/main.js" "${args[@]}" &
	echo $! >"$STATE/azurite.pid"
}

case $verb in
start)
	mkdir -p "$STATE"
	STATE=$(cd "$STATE" && pwd)
	if ! alive azurite azurite; then
		start >>"$STATE/log" 2>&1 </dev/null & # in the background, or else -e would not hold in it
		wait $! || die "not started, see $STATE/log"
	fi
	wait_listening "$port" azurite azurite || die "does not listen on port $port, see $STATE/log"
	;;
stop)
	if alive azurite azurite; then
		kill "$(cat "$STATE/azurite.pid")"
		for _ in {1..60}; do alive azurite azurite || break; sleep 0.05; done
		! alive azurite azurite || kill -9 "$(cat "$STATE/azurite.pid")"
	fi
	rm -f "$STATE/azurite.pid"
	;;
status)
	alive azurite azurite && listening "$port" && echo running || { echo stopped; exit 3; }
	;;
*) die "\"$verb\" is none of start, stop, status" ;;
esac
