#!/bin/bash
# A server that writes and one that only reads, on one folder: whom target_session_attrs finds, what the
# reader sees, and that it leaves the folder alone.  PGBLOB_BUILD names the build.  Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
pgblobd=${PGBLOBD:-$build/pgblobd}
work=$(mktemp -d "${TMPDIR:-/tmp}/pgblob-readonly.XXXXXX")
cd "$work" || exit 1
passed=0 failed=0 pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
for name in $("$pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do unset "$name"; done
export PGPASSWORD=hush-hush PGCONNECT_TIMEOUT=60 PG_PASSWORD=hush-hush PG_HOST=127.0.0.1 PG_PORT=0 PGUSER=postgres PGDATABASE=myapp

is() { # CLAIM WANT GOT
	if [ "$2" = "$3" ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		printf 'FAILED: %s\n wanted: %s\n got: %s\n' "$1" "$2" "$3" >&2
	fi
}
start() { # NAME ARG...: sets port
	local name=$1
	shift
	"$pgblobd" "$@" >"$name.ready" 2>"$name.log" &
	pids+=($!)
	for _ in $(seq 3000); do
		[ -s "$name.ready" ] && break
		kill -0 $! 2>/dev/null || break
		sleep 0.02
	done
	port=$(sed -n 's/.*:\([0-9]*\)\/.*/\1/p' "$name.ready")
	[ -n "$port" ] || { echo "$name did not start" >&2; cat "$name.log" >&2; echo "0 passed, 1 failed"; exit 1; }
}
ask() { psql -X -At "host=127.0.0.1 port=$1" -c "$2" 2>&1; }
find_server() { # ORDER ATTRS
	psql -X -At "host=127.0.0.1,127.0.0.1 port=$1 target_session_attrs=$2" -c 'SHOW port' 2>&1 | sed 's/.*failed: *//'
}

start writer
writer=$port
start reader --database.read_only=true --storage.cache_ttl_minutes=0
reader=$port

for order in $writer,$reader $reader,$writer; do
	is "read-write is the writer ($order)" "$writer" "$(find_server $order read-write)"
	is "primary is the writer ($order)" "$writer" "$(find_server $order primary)"
	is "read-only is the reader ($order)" "$reader" "$(find_server $order read-only)"
	is "standby is the reader ($order)" "$reader" "$(find_server $order standby)"
	is "prefer-standby is the reader ($order)" "$reader" "$(find_server $order prefer-standby)"
	is "any is the first ($order)" "${order%,*}" "$(find_server $order any)"
done
is 'the writer is no standby' 1 \
	"$(psql -X "host=127.0.0.1 port=$writer target_session_attrs=standby" -c 'SELECT 1' 2>&1 | grep -c 'server is not in hot standby mode')"

is 'the writer writes' 'INSERT 0 3' "$(ask "$writer" 'CREATE TABLE t (id int PRIMARY KEY)' >/dev/null; ask "$writer" 'INSERT INTO t VALUES (1), (2), (3)')"
is 'the reader sees it' 3 "$(ask "$reader" 'SELECT count(*) FROM t')"
ask "$writer" 'INSERT INTO t VALUES (4)' >/dev/null
is 'and what comes later' 4 "$(ask "$reader" 'SELECT count(*) FROM t')"
is 'a new database too' 1 "$(ask "$writer" 'CREATE DATABASE second' >/dev/null; PGDATABASE=second ask "$reader" 'SELECT 1')"
is 'the reader refuses' 'ERROR:  cannot execute INSERT in a read-only transaction' "$(ask "$reader" 'INSERT INTO t VALUES (5)')"

# alone on a folder that must stay as it is, but for the files from which it is recovered
list() { find data -not -name '.pgblob-redo-*' | sort | xargs stat -c '%n %s %Y' | sha256sum; }
kill -9 "${pids[0]}" && wait "${pids[0]}" 2>/dev/null
before=$(list)
start alone --database.read_only=true
is 'a reader alone reads' 4 "$(ask "$port" 'SELECT count(*) FROM t')"
for text in 'VACUUM' 'CREATE DATABASE d' 'DROP DATABASE second' "SELECT nextval('x')" 'DELETE FROM t' 'ANALYZE' 'CHECKPOINT'; do
	ask "$port" "$text" >/dev/null
done
kill -TERM "${pids[2]}" && wait "${pids[2]}"
is 'and changes nothing in the folder' "$before" "$(list)"
start nowhere --database.read_only=true --database.name=nosuch
is 'a reader starts without its database' 1 "$(grep -c 'a read-only server creates none' nowhere.log)"
is 'and serves the others' 4 "$(ask "$port" 'SELECT count(*) FROM t')"
says=$("$pgblobd" --database.read_only=true --storage.local.base_path=nosuch 2>&1)
is 'a folder that is not there is not made' 'no' "$([ -e nosuch ] && echo yes || echo no)"
is 'and told' 1 "$(grep -c 'could not open folder "nosuch"' <<<"$says")"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
