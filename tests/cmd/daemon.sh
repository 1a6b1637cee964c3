#!/bin/bash
# pgblobd and pgblob from outside: configuration, signals, exit statuses, import and export, manual pages.
# PGBLOB_BUILD names the build.  Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
pgblobd=${PGBLOBD:-$build/pgblobd}
pgblob=${PGBLOB:-$build/pgblob}
work=$(mktemp -d "${TMPDIR:-/tmp}/pgblob-daemon.XXXXXX")
cd "$work" || exit 1
passed=0 failed=0 pid=''
stop() { [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; pid=''; }
trap 'stop; rm -rf "$work"' EXIT

# what this machine has set is not the test's
for name in $("$pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do unset "$name"; done
export PGPASSWORD=hush-hush PGCONNECT_TIMEOUT=60 PG_PASSWORD=hush-hush PG_HOST=127.0.0.1 PG_PORT=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*" >&2; }
check() { # CLAIM COMMAND...
	local claim=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then ok; else bad "$claim"; head -5 "$work/out" "$work/err" >&2; fi
}
says() { # CLAIM STATUS TEXT COMMAND...: ends with STATUS and says TEXT
	local claim=$1 status=$2 text=$3 got
	shift 3
	timeout 60 "$@" >"$work/out" 2>&1
	got=$?
	if [ $got = "$status" ] && grep -qF -- "$text" "$work/out"; then ok; else
		bad "$claim: status $got, not $status, or it does not say: $text"
		head -5 "$work/out" >&2
	fi
}
start() { # ARG...: pid, port, and the line that says "ready"
	: >"$work/ready"
	"$pgblobd" "$@" >"$work/ready" 2>"$work/log" &
	pid=$!
	for _ in $(seq 3000); do
		[ -s "$work/ready" ] && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.02
	done
	port=$(sed -n 's/.*:\([0-9]*\)\/.*/\1/p' "$work/ready")
	[ -n "$port" ] || { bad "start of pgblobd $*"; cat "$work/log" >&2; return 1; }
}
eventually() { # COMMAND...: works within a minute
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}
query() { psql -X -At -h 127.0.0.1 -p "$port" -U postgres "${2:-myapp}" -c "$1"; }

# configuration
says 'an unknown option is told' 2 'unknown option "-x"' "$pgblobd" -x
says 'an unexpected argument is told' 2 'unexpected argument "x"' "$pgblobd" x
says 'a key of the command line has its nearest name told' 1 'Did you mean "server.port"?' "$pgblobd" --server.prt=1
printf 'server:\n  prot: 1\n' >bad.yaml
says 'a mistake in the file is told with its line' 1 'bad.yaml:2: unknown key "server.prot"' "$pgblobd" --check-config -c bad.yaml
says 'CONFIG_PATH names a file' 1 'bad.yaml:2:' env CONFIG_PATH=bad.yaml "$pgblobd" --check-config
says 'a file that is not there is told' 1 'could not read "nosuch.yaml"' "$pgblobd" -c nosuch.yaml
printf 'database:\n  name: fromfile\nserver:\n  port: 7\n' >config.yaml
says 'config.yaml is read if it is there' 0 'fromfile' "$pgblobd" --check-config
"$pgblobd" --check-config >shown 2>&1
check 'the environment wins over the file' grep -Eq '^server.port +0 +\(environment\)' shown
"$pgblobd" --check-config --server.port=9 >shown 2>&1
check 'the command line wins over the environment' grep -Eq '^server.port +9 +\(command line\)' shown
check 'the password is not shown' sh -c '! grep -q hush shown'
rm config.yaml
says 'help names every option' 0 '[STORAGE_LOCAL_BASE_PATH]' "$pgblobd" --help
says 'it knows its version' 0 'pgblobd 0.' "$pgblobd" --version
says 'the tool knows its version' 0 'pgblob 0.' "$pgblob" --version
says 'storage s3 without a bucket is refused' 1 'S3_BUCKET' env STORAGE=s3 "$pgblobd"
says 'a store nobody answers at is told' 1 '127.0.0.1:1' env STORAGE=s3 S3_BUCKET=bucket AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 \
	AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y "$pgblobd"
if [ -n "${PGBLOB_TEST_S3RVER_ENDPOINT:-}" ]; then
	says 'a store that ignores If-None-Match is refused' 1 'If-None-Match' env STORAGE=s3 \
		S3_BUCKET="${PGBLOB_TEST_S3_BUCKET:?}" AWS_ENDPOINT_URL_S3="$PGBLOB_TEST_S3RVER_ENDPOINT" \
		AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER "$pgblobd"
fi
touch file
says 'a folder that cannot be one is told' 1 'file' "$pgblobd" --storage.local.base_path=file/data

# life of a server
start && {
	check 'the line that says ready can be typed' grep -qx "ready: psql postgresql://postgres@127.0.0.1:$port/myapp" ready
	check 'a client is served' query 'SELECT 1'
	check 'no default password, no warning' sh -c '! grep -q ANYBODY log'
	says 'a port in use is told' 1 'Address already in use' "$pgblobd" --server.port="$port"
	says 'a wrong password is refused' 2 'password authentication failed for user "postgres"' env PGPASSWORD=x \
		psql -X -h 127.0.0.1 -p "$port" -U postgres myapp -c 'SELECT 1'
	says 'a database that is not there is told' 2 'database "nosuch" does not exist' \
		psql -X -h 127.0.0.1 -p "$port" -U postgres nosuch -c 'SELECT 1'
	says 'the tool lists what the server made' 0 'myapp' "$pgblob" ls
	rss=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
	check "an idle server is under 20 MB ($rss kB)" [ "$rss" -lt 20480 ]
	kill -HUP "$pid"
	check 'it lives on after SIGHUP' query 'SELECT 1'
	kill -TERM "$pid"
	wait "$pid"
	check 'SIGTERM ends it with status 0' [ $? = 0 ]
	pid=''
}
# synchronous_commit = local: on this machine's disk first
export DB_PATH=$work/here.sqlite
start && {
	query 'CREATE TABLE kept(n int)' >/dev/null
	query "SET synchronous_commit = local; INSERT INTO kept SELECT generate_series(1, 100)" >/dev/null
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	check 'there is a local journal' ls here.sqlite-journal/myapp.*-0
	pid=''
}
start && {
	check 'what was committed locally is there after kill -9' [ "$(query 'SELECT count(*) FROM kept')" = 100 ]
	check 'and was not set aside' sh -c '! ls here.sqlite-journal | grep -q lost'
	stop
}
unset DB_PATH

printf 'logging:\n  level: error\n' >level.yaml
start -c level.yaml && {
	check 'at level error a connection makes no line' sh -c "query=1; [ ! -s log ]"
	printf 'logging:\n  level: info\n' >level.yaml
	kill -HUP "$pid"
	logged_connection() { query 'SELECT 1' && grep -q 'connected from' log; }
	check 'SIGHUP puts the log level in force' eventually logged_connection
	printf 'logging:\n  levl: x\n' >level.yaml
	kill -HUP "$pid"
	check 'a bad file on SIGHUP changes nothing' eventually grep -q 'not reloaded: level.yaml:2' log
	kill -INT "$pid"
	wait "$pid"
	check 'SIGINT ends it with status 0' [ $? = 0 ]
	pid=''
}
# a stop in the middle of commits: what was acknowledged is there afterwards
start && {
	query 'CREATE TABLE acknowledged(i int PRIMARY KEY)' >/dev/null
	for i in $(seq 100000); do echo "INSERT INTO acknowledged VALUES ($i);"; done |
		psql -X -h 127.0.0.1 -p "$port" -U postgres myapp >acks 2>/dev/null &
	client=$!
	some_acks() { [ "$(grep -c '^INSERT 0 1$' acks)" -gt 10 ]; }
	eventually some_acks
	kill -TERM "$pid"
	wait "$pid"
	check 'SIGTERM while clients commit ends it with status 0' [ $? = 0 ]
	wait $client
	pid=''
	start
	acks=$(grep -c '^INSERT 0 1$' acks)
	rows=$(query 'SELECT i FROM acknowledged' | wc -l)
	check "commits were acknowledged before the stop ($acks)" [ "$acks" -gt 10 ]
	check "a stop loses nothing that was acknowledged ($acks acknowledged, $rows there)" \
		sh -c "[ $rows -ge $acks ] && [ $rows -le $((acks + 1)) ]"
	kill -TERM "$pid"
	wait "$pid"
	pid=''
}
# a twentieth of a second here; its own time, since that of the machine is shared, and five times as much for slower ones
start && {
	ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
	check "start to ready takes little ($((ticks * 10)) ms of its own)" [ "$ticks" -lt 25 ]
	kill -TERM "$pid"
	wait "$pid"
	pid=''
}
PG_HOST=0.0.0.0 PG_PASSWORD=postgres start && {
	check 'the default password on every address is warned about' grep -q 'ANYBODY WHO REACHES 0.0.0.0' log
	check 'the line that says ready names an address to connect to' grep -q '@127.0.0.1:' ready
	kill -TERM "$pid"
	wait "$pid"
	pid=''
}
PG_UNIX_SOCKET_DIRECTORY=$work start --logging.format=json && {
	check 'a Unix socket is served' psql -X -At -h "$work" -p "$port" -U postgres myapp -c 'SELECT 1'
	check 'a line of the JSON log is JSON' sh -c "head -1 log | python3 -c 'import json,sys; json.loads(sys.stdin.readline())[\"message\"]'"
	kill -TERM "$pid"
	wait "$pid"
	pid=''
	check 'the Unix socket is gone with the server' sh -c "! ls $work/.s.PGSQL.* 2>/dev/null"
}

# import and export
sqlite3 from.db "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB, d REAL);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO t SELECT i, hex(randomblob(20)), randomblob(i % 50), i / 7.0 FROM n;
	CREATE INDEX t_b ON t(b); CREATE VIEW v AS SELECT count(*) AS n FROM t;"
check 'import' "$pgblob" import from.db copied
says 'import does not overwrite' 1 'already exists' "$pgblob" import from.db copied
says 'import of a file that is not there is told' 1 'nosuch.db' "$pgblob" import nosuch.db other
says 'import of a file that is no database is told' 1 'level.yaml' "$pgblob" import level.yaml other
check 'export' "$pgblob" export copied to.db
says 'export does not overwrite' 1 'to.db' "$pgblob" export copied to.db
says 'export of a database that is not there is told' 1 'database "nosuch" does not exist' "$pgblob" export nosuch x.db
check 'nothing is left of an export that failed' [ ! -e x.db ]
check 'the export is sound' [ "$(sqlite3 to.db 'PRAGMA integrity_check')" = ok ]
check 'the export is what was imported' cmp <(sqlite3 from.db .dump) <(sqlite3 to.db .dump)
says 'a missing argument is told' 2 'usage: pgblob import' "$pgblob" import from.db
says 'an unknown command is told' 2 'unknown command "frob"' "$pgblob" frob
if command -v script >/dev/null; then
	script -qec "$pgblob import from.db shown" /dev/null >shown 2>&1 </dev/null
	check 'a terminal sees how far it is' grep -q '100%' shown
fi
"$pgblob" import from.db quiet >shown 2>&1
check 'nobody else does' [ ! -s shown ]

# manual pages
for page in "$top"/man/*.[1-8]; do
	check "mandoc has nothing against ${page##*/}" mandoc -Tlint -W warning "$page"
	check "man renders ${page##*/} without a warning" sh -c "[ -z \"\$(LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -l -Tutf8 '$page' 2>&1 >/dev/null)\" ]"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
