#!/bin/bash
# tests/clients/run against pgblobd on each kind of store; PGBLOB_BUILD names the build.
# Licence: MIT, see LICENSE.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${PGBLOB_BUILD:?}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pgblob-clients.XXXXXX")
passed=0 failed=0 pid=''
stop() { [ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null; pid=''; }
trap 'stop; rm -rf "$work"' EXIT

# a database of its own: the store may be somebody else's too
export PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD=postgres PGDATABASE=clients_$$

one() { # NAME ARG...
	local name=$1 i line
	shift
	PGPORT=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	export PGPORT
	: >"$work/$name.out"
	PG_PORT=$PGPORT PG_HOST=127.0.0.1 DB_NAME=$PGDATABASE DB_PATH=$work/$name.sqlite LOG_LEVEL=warn \
		"$build/pgblobd" "$@" >"$work/$name.out" 2>"$work/$name.err" &
	pid=$!
	for ((i = 0; i < 1200; i++)); do grep -q postgresql:// "$work/$name.out" && break; sleep 0.1; done
	echo "== $name"
	"$here/../clients/run" --logs "$work/$name" >"$work/$name.log" 2>&1
	grep -v ' passed, ' "$work/$name.log"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/$name.log")
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
	grep -h '^not ok' "$work/$name"/*.log
	grep -hE ' (error|warn) ' "$work/$name.err" | grep -v 'authentication of' | tail -n 5
	stop
}

one local --storage.backend=local "--storage.local.base_path=$work/data"
if [ -n "${PGBLOB_TEST_S3_ENDPOINT:-}" ]; then
	one s3 --storage.backend=s3 "--storage.s3.bucket=$PGBLOB_TEST_S3_BUCKET" \
		"--storage.s3.endpoint=$PGBLOB_TEST_S3_ENDPOINT"
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	failed=$((failed + 1))
fi
if [ -n "${PGBLOB_TEST_AZURE_ENDPOINT:-}" ]; then
	one azure --storage.backend=azure "--storage.azure.account=$AZURE_STORAGE_ACCOUNT" \
		"--storage.azure.container=$PGBLOB_TEST_AZURE_CONTAINER" \
		"--storage.azure.endpoint=$PGBLOB_TEST_AZURE_ENDPOINT"
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
