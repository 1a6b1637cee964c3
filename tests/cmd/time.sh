#!/bin/bash
# Databases as they were, and branches, from outside: pgblobd is killed, started again, and another one
# serves the same store.  PGBLOB_BUILD names the build.  Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
pgblobd=${PGBLOBD:-$build/pgblobd}
pgblob=${PGBLOB:-$build/pgblob}
work=$(mktemp -d "${TMPDIR:-/tmp}/pgblob-time.XXXXXX")
cd "$work" || exit 1
passed=0 failed=0 pids=()
stop() { # all that were started
	for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	pids=()
}
trap 'stop; rm -rf "$work"' EXIT

for name in $("$pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do unset "$name"; done
export PGPASSWORD=hush-hush PGCONNECT_TIMEOUT=60 PG_PASSWORD=hush-hush PG_HOST=127.0.0.1 PG_PORT=0
export STORAGE_LOCAL_BASE_PATH=$work/data

check() { # CLAIM EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\nexpected: %s\ngot: %s\n' "$1" "$2" "$3" >&2
	fi
}
start() { # sets port
	: >ready
	"$pgblobd" "$@" >ready 2>>log &
	pids+=($!)
	for _ in $(seq 3000); do
		[ -s ready ] && break
		kill -0 $! 2>/dev/null || break
		sleep 0.02
	done
	port=$(sed -n 's/.*:\([0-9]*\)\/.*/\1/p' ready)
	[ -n "$port" ] || { echo "FAILED: pgblobd does not start" >&2; cat log >&2; echo "0 passed, 1 failed"; exit 1; }
}
query() { psql -X -At -h 127.0.0.1 -p "$port" -U postgres -d "${2:-myapp}" -c "$1" 2>&1; }
utc() { date -u +%Y-%m-%dT%H:%M:%S.%6NZ; }
sum() { query "SELECT count(*), md5(string_agg(id || v, ',' ORDER BY id)) FROM t" "$1"; }

start
query 'CREATE TABLE t(id serial PRIMARY KEY, v text)' >/dev/null
times=() sums=()
for i in $(seq 12); do
	query "INSERT INTO t(v) SELECT 'row ' || i || ' of $i' FROM generate_series(1, 200) i; DELETE FROM t WHERE id % 11 = $i % 11" >/dev/null
	sums+=("$(sum myapp)")
	times+=("$(utc)")
done
same() { # how many of the times show what was there then
	local n=0
	for i in "${!times[@]}"; do [ "$(sum "myapp@${times[$i]}")" = "${sums[$i]}" ] && n=$((n + 1)); done
	echo $n
}
check 'every time shows what was there then' 12 "$(same)"
check 'a database of the past is not written' \
	'ERROR:  cannot execute CREATE TABLE in a read-only transaction' "$(query 'CREATE TABLE u(v int)' "myapp@${times[3]}")"
check 'it is a standby to clients that ask' on "$(query 'SHOW in_hot_standby' "myapp@${times[3]}")"
check 'it is told what is in the future' 1 "$(query 'SELECT 1' 'myapp@2999-01-01' | grep -c 'in the future')"

check 'a branch is made' 'CREATE DATABASE' "$(query 'CREATE DATABASE b TEMPLATE myapp')"
check 'and one of the past' 'CREATE DATABASE' "$(query "CREATE DATABASE old TEMPLATE \"myapp@${times[5]}\"")"
check 'it begins with what was there' "${sums[11]}" "$(sum b)"
check 'the other too' "${sums[5]}" "$(sum old)"
query "UPDATE t SET v = 'b' WHERE id < 100" b >/dev/null
query "INSERT INTO t(v) VALUES ('only here')" >/dev/null
check 'neither sees what the other commits' "${sums[11]}" "$(sum "myapp@${times[11]}")"
of_b=$(sum b) of_app=$(sum myapp)
check 'a branch of a branch' 'CREATE DATABASE' "$(query 'CREATE DATABASE c TEMPLATE b')"

# nothing of it is in the process
stop
start
check 'kill -9: every time shows what was there then' 12 "$(same)"
check 'kill -9: the branch is what it was' "$of_b" "$(sum b)"
check 'kill -9: the parent too' "$of_app" "$(sum myapp)"
first=$port
start
second=$port
check 'another server serves the branch of the branch' "$of_b" "$(sum c)"
query "DELETE FROM t WHERE id % 2 = 0" c >/dev/null
of_c=$(sum c)
port=$first
check 'and the first one what that has committed' "$of_c" "$(sum c)"

check 'the shell sees the branch' "$(echo "$of_b" | cut -d'|' -f1)" \
	"$(printf ".load %s/pgblob\n.open 'file:b?vfs=pgblob'\nselect count(*) from t;\n" "$build" | sqlite3 -batch)"
printf ".load %s/pgblob\n.open 'file:b?vfs=pgblob'\ncreate table odd(a, b int); insert into odd values('x', 1), (5, 2), (x'00ff', 3), (2.5, 'seven');\n" "$build" | sqlite3 -batch
odd() {
	PGOPTIONS='-c statement_timeout=20s' timeout 30 psql -X -At -h 127.0.0.1 -p "$port" -U postgres -d b "$@" 2>&1 | paste -sd ' '
}
check 'what has no type in SQLite is text' 'x 5 \x00ff 2.5' "$(odd -c 'SELECT a FROM odd')"
check 'a value that cannot be told is an error, and no more' 'ERROR:  the database holds a value that type 20 is never stored as 1' \
	"$(odd -c "SELECT 'x', b FROM odd" -c 'SELECT 1')"
printf ".load %s/pgblob\n.open 'file:b?vfs=pgblob'\ndrop table odd;\n" "$build" | sqlite3 -batch
"$pgblob" export "myapp@${times[2]}" then.db >/dev/null 2>&1
check 'an export of the past' "ok ${sums[2]%%|*}" \
	"$(sqlite3 then.db 'pragma integrity_check; select count(*) from t;' | xargs)"

check 'the parent is dropped' 'DROP DATABASE' "$(query 'DROP DATABASE b' && sum b >/dev/null)"
check 'what was branched from it is not' "$of_c" "$(sum c)"
check 'the name can be branched to again' 'CREATE DATABASE' "$(query 'CREATE DATABASE b TEMPLATE old')"
check 'and is the other one' "${sums[5]}" "$(sum b)"
# \! lets the other server drop the database in the middle of a session
port=$first
check 'who is connected to a database that another server drops is told so' \
	'ERROR:  3D000: database "gone" does not exist' \
	"$(query 'CREATE DATABASE gone' >/dev/null
	printf '%s\n' 'CREATE TABLE t(i int);' \
		"\\! psql -X -q -h 127.0.0.1 -p $second -U postgres -d myapp -c 'DROP DATABASE gone'" \
		'INSERT INTO t VALUES (1);' 'SELECT 1 FROM t;' |
		psql -X -qAt -v VERBOSITY=verbose -h 127.0.0.1 -p "$port" -U postgres -d gone 2>&1 |
		sed -n 's/.*ERROR/ERROR/p' | tail -n 1)"
for name in b c old; do query "DROP DATABASE $name" >/dev/null; done
check 'no branch leaves anything behind in its parent' 0 "$(find data/myapp/pin -type f 2>/dev/null | wc -l)"
stop
start
check 'the parent is as it was' "$of_app" "$(sum myapp)"
check 'only databases of now are listed' 'myapp' "$(query "SELECT string_agg(datname, ',') FROM pg_database WHERE datname NOT LIKE 'template%' AND datname <> 'postgres'")"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
