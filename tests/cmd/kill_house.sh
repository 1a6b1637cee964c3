#!/bin/bash
# kill -9 of "pgblob compact" and "pgblob gc" at each step on a local folder: before the first call that writes, names,
# flushes or deletes, then before the second, and so on until the command ends by itself.  Whatever the step, nothing is
# damaged, every version that is kept is what it was, and the next run does what the first would have done.
# strace kills: at the nth such call of a thread.  PGBLOB_BUILD names the build.  Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
pgblob=${PGBLOB:-$build/pgblob}
strace -qq -o /dev/null true 2>/dev/null || { echo "skipped: kill_house.sh: strace may not trace here" && exit 77; }
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pgblob-kill-house.XXXXXX")
cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for name in $("$build/pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do unset "$name"; done
export DB_PATH=$work/app.sqlite PGBLOB_STORE=file:$work/data STORAGE_LOCAL_BASE_PATH=$work/data
calls_max=100

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*" >&2; head -5 "$work/out" >&2; }

commits() { # DATABASE N
	local i
	{
		printf '.load %s/pgblob\n.open file:%s?vfs=pgblob\n' "$build" "$1"
		for ((i = 0; i < $2; i++)); do echo "UPDATE t SET b = hex(randomblob(60)) WHERE a % 97 = $i;"; done
	} >commits.sql
	sqlite3 -batch -init /dev/null :memory: '.read commits.sql' || exit 1
}

content() { # of all versions that are kept
	local version
	for version in app app@early branch; do
		rm -f dump.db
		"$pgblob" -q export "$version" dump.db || return 1
		sqlite3 dump.db 'PRAGMA integrity_check' .dump
	done | md5sum
}

sound() { # nothing is damaged, every commit is there
	local name
	for name in app app@early branch; do "$pgblob" -q verify "$name" || return 1; done
	[ "$(content)" = "$all" ]
}

# Slots and manifests; segments have random names, and a killed compaction leaves some behind.
objects() { (cd data && find . -path '*/log/*' -o -path '*/manifest/*' -o -path '*/pin/*' | sort); }

# What somebody kept for ten days, with a snapshot and a branch, and went on with today.
sqlite3 from.db "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO t SELECT i, hex(randomblob(60)) FROM n;"
"$pgblob" -q import from.db app || exit 1
commits app 3
"$pgblob" -q snapshot create app early || exit 1
for round in 1 2 3 4; do
	commits app 3
	[ $round != 3 ] || "$pgblob" -q branch app branch || exit 1
	"$pgblob" -q compact app || exit 1
done
find data -exec touch -d '10 days ago' {} +
commits app 3
commits branch 3
all=$(content)
[ -n "$all" ] || exit 1
cp -a data before

killed_at() { # CALL N COMMAND...: the status, 137 if there was an Nth such call
	local call=$1 n=$2
	shift 2
	# a shell of its own, which would tell that it was killed
	(
		strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$pgblob" "$@" >out
		exit $?
	) 2>/dev/null
}

every_step() { # LEAST COMMAND...: that many steps must have been killed at
	local least=$1 call n steps=0 status expected step
	shift
	"$pgblob" "$@" >out 2>&1 || bad "$1, undisturbed"
	expected=$(objects)
	if sound; then ok; else bad "$1, undisturbed: what is there"; fi
	for call in pwrite64 pwritev linkat fdatasync fsync syncfs unlinkat; do
		for ((n = 1; n <= calls_max; n++)); do
			rm -rf data && cp -a before data
			step="$1, killed at $call $n"
			killed_at $call $n "$@"
			status=$?
			[ $status != 0 ] || break
			[ $status = 137 ] || { bad "$step: status $status" && break; }
			steps=$((steps + 1))
			if sound; then ok; else bad "$step: what is there"; fi
			if "$pgblob" "$@" >out 2>&1; then ok; else bad "$step: the next time"; fi
			if [ "$(objects)" = "$expected" ]; then ok; else bad "$step: what the next time left"; fi
			if sound; then ok; else bad "$step: what is there after the next time"; fi
		done
	done
	if [ $steps -ge "$least" ]; then ok; else bad "$1 has only $steps steps"; fi
	echo "$1: killed at $steps steps"
	rm -rf data && cp -a before data
}

every_step 10 compact app
every_step 15 gc app --storage.retention=1h
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
