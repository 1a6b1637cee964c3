#!/bin/bash
# pgblob.so in the stock sqlite3 shell, alone and beside other shells; PGBLOB_BUILD names the build.
# Licence: MIT, see LICENSE.
set -uo pipefail
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/pgblob-shell.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export PGBLOB_STORE=file://$dir/store
passed=0 failed=0

check() { # CLAIM EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\nexpected: %s\ngot: %s\n' "$1" "$2" "$3" >&2
	fi
}

shell() { # DATABASE: runs what is on standard input
	{
		printf '.load %s/pgblob\n' "$build"
		printf ".open 'file:%s?vfs=pgblob%s'\n" "$1" "${2:-}"
		cat
	} | sqlite3 -batch 2>&1
}

check "a database is made by its first write, and is there for the next shell" "1|one" \
	"$(shell app <<<"create table t(a integer primary key, b); insert into t values(1, 'one');" >/dev/null
	shell app <<<'select * from t;')"
check "it lies in the store" "app" "$(ls store)"
check "one that is not there is not opened without leave to make it" "1" \
	"$(shell none '&mode=rw' <<<'' | grep -c 'database "none" does not exist')"
check "a store is taken from the URI" "7" \
	"$(shell x "&store=file://$dir/other" <<<'create table u(v); insert into u values(7);' >/dev/null
	env -u PGBLOB_STORE STORAGE=local STORAGE_LOCAL_BASE_PATH="$dir/other" bash -c "printf '.load $build/pgblob\n.open file:x?vfs=pgblob\nselect v from u;\n' | sqlite3 -batch")"
check "connections are prepared" "0 0" \
	"$(shell app <<<'pragma synchronous; pragma secure_delete;' | xargs)"
check "PRAGMA pgblob_stat tells the slot and the pages" "lsn 2 page_size 4096 pages 2" \
	"$(shell app <<<'pragma pgblob_stat;' | grep -E '^(lsn|page_size|pages) ' | xargs)"
check "PRAGMA pgblob_cache tells the limit" "memory_limit 67108864" "$(shell app <<<'pragma pgblob_cache;' | head -1)"
check "PRAGMA pgblob_log tells the newest slots" "2 commit 1 created" \
	"$(shell app <<<'pragma pgblob_log(5);' | awk '{print $1, $3}' | xargs)"
check "a snapshot is made, listed and dropped" "2|2 snapshot s|" \
	"$(shell app <<<"select pgblob_create_snapshot('s'); pragma pgblob_snapshots; select pgblob_drop_snapshot('s'); pragma pgblob_snapshots;" |
		awk '{ printf "%s|", NF == 4 ? $1 " " $3 " " $4 : $0 }' | sed 's/||*/|/g')"
check "not in a transaction" "Runtime error near line 3: pgblob_create_snapshot() cannot run inside a transaction block" \
	"$(shell app <<<"begin; select pgblob_create_snapshot('s');" 2>&1 | grep -o 'Runtime.*block')"
check "WAL is answered with the mode in force" "delete" "$(shell app <<<'pragma journal_mode=wal;')"
check "a file of the machine is opened as ever" "3" \
	"$(printf '.load %s/pgblob\n.open plain.db\ncreate table t(a); insert into t values(3); select a from t;\n' "$build" |
		sqlite3 -batch)"

lsn=$(shell app <<<'pragma pgblob_lsn;')
shell app <<<'insert into t values(2, "two");' >/dev/null
check "a version that was is opened by its slot" "1" "$(shell "app@$lsn" <<<'select count(*) from t;')"
check "and by its time" "2" "$(shell "app@$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" <<<'select count(*) from t;')"
check "it is not written" "Runtime error near line 3: attempt to write a readonly database (8)" \
	"$(shell "app@$lsn" <<<'delete from t;')"
shell app <<<'delete from t where a = 2;'

# several shells write at once: what was not refused is there, once.  A shell ends without closing its store, and the
# next one may say what it completed
shell app <<<'create table w(who, n, unique(who, n));' >/dev/null
for who in 1 2 3; do
	{
		echo '.timeout 10000'
		for n in $(seq 60); do echo "insert into w values($who, $n);"; done
	} | shell app >"errors.$who" &
done
wait
refused=$(cat errors.* | grep -c '^Runtime error')
check "of several shells each commit is there or was refused" "$((180 - refused)) ok" \
	"$(shell app <<<'select count(*) from w; pragma integrity_check;' | grep -v ' warn local folder: ' | xargs)"
check "commits of shells that take turns are seldom refused" "yes" "$([ "$refused" -lt 120 ] && echo yes)"

# one shell holds a snapshot while another commits
mkfifo pipe
shell app <pipe >held &
exec 3>pipe
printf 'begin; select count(*) from t;\n.shell touch begun\n' >&3
for _ in $(seq 600); do
	[ -e begun ] && break
	sleep 0.1
done
shell app <<<"insert into t values(2, 'two');" >/dev/null
printf 'select count(*) from t; commit; select count(*) from t;\n' >&3
exec 3>&-
wait
check "a transaction keeps its version while another process commits" "1 1 2" "$(xargs <held)"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
