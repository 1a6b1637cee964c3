#!/bin/bash
# The operator's command from outside: every subcommand in text and JSON, what it says of mistakes, copies between
# kinds of store.  PGBLOB_BUILD names the build, the stores are those of tests/lib/stores.sh.
# Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
pgblob=${PGBLOB:-$build/pgblob}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pgblob-tool.XXXXXX")
cd "$work" || exit 1
mkdir data
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for name in $("$build/pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do
	case $name in AZURE_* | AWS_*) ;; *) unset "$name" ;; esac
done
export DB_PATH=$work/app.sqlite

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
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	if [ $got = "$status" ] && cat "$work/out" "$work/err" | grep -Fq -- "$text"; then
		ok
	else
		bad "$claim (status $got)"
		head -5 "$work/out" "$work/err" >&2
	fi
}
json() { # CLAIM EXPRESSION COMMAND...: one JSON document, of which the Python expression of d holds; nothing on stderr
	local claim=$1 expression=$2
	shift 2
	if "$@" >"$work/out" 2>"$work/err" && python3 -m json.tool "$work/out" >/dev/null && [ ! -s "$work/err" ] &&
		python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); assert eval(sys.argv[2])' "$work/out" "$expression"; then
		ok
	else
		bad "$claim"
		head -5 "$work/out" "$work/err" >&2
	fi
}
same() { # FILE FILE: the same rows, tables and indexes
	cmp <(sqlite3 "$1" .dump) <(sqlite3 "$2" .dump)
}

sqlite3 from.db "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB, d REAL);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO t SELECT i, hex(randomblob(20)), randomblob(i % 50), i / 7.0 FROM n;
	CREATE INDEX t_b ON t(b); CREATE VIEW v AS SELECT count(*) AS n FROM t;"
sqlite3 small.db "CREATE TABLE s(a); INSERT INTO s VALUES('x');"
pages=$(sqlite3 from.db 'PRAGMA page_count')

# the command line
says 'help lists the commands' 0 'list the databases' "$pgblob" --help
says 'help of one command' 0 '--limit N' "$pgblob" help log
says 'the same' 0 '--limit N' "$pgblob" log --help
says 'no command is told' 2 'pgblob: ERROR: a command is missing' "$pgblob"
says 'an unknown command is told' 2 'pgblob: ERROR: unknown command "frob"' "$pgblob" frob
says 'an unknown option is told, with a hint' 2 'pgblob: HINT: Try pgblob ls --help.' "$pgblob" ls --frob
says 'an option of another command is unknown' 2 'unknown option "--limit=1"' "$pgblob" ls --limit=1
says 'an option without its argument is told' 2 'needs an argument: N' "$pgblob" log x --limit
says 'an argument to a flag is told' 2 'takes no argument' "$pgblob" ls --json=1
says 'too few arguments are told' 2 'usage: pgblob import FILE DATABASE' "$pgblob" import x
says 'too many arguments are told' 2 'usage: pgblob ls' "$pgblob" ls x
says 'a bad number is told' 2 'invalid value for --limit: "x"' "$pgblob" log x -n x
says 'a bad time is told' 2 'invalid time "yesterday"' "$pgblob" log x --since yesterday
says 'a bad key of the configuration is told' 1 'unknown key "storage.x"' "$pgblob" --storage.x=1 ls
says 'a bad parameter of a store is told' 1 'unknown parameter "x=1"' "$pgblob" -s 's3://b/p?x=1' ls

# a store that is not there, an empty one
says 'a folder that is not there is told' 1 'could not open folder' "$pgblob" -s "file:$work/nowhere" ls
says 'also by cp, of the one that it reads' 1 'could not open folder' "$pgblob" cp "file:$work/nowhere#a" "file:$work/nowhere#b"
check 'who only reads makes no folder' [ ! -e "$work/nowhere" ]
check 'an empty store has no databases' [ -z "$("$pgblob" ls)" ]
json 'the same in JSON' 'd == []' "$pgblob" ls --json

# import, ls, info, log
json 'import' "d['name'] == 'app' and d['pages'] == $pages and d['lsn'] == 1" "$pgblob" import --json from.db app
check 'import in silence' [ -z "$("$pgblob" import small.db 'sm%l one' 2>&1)" ]
says 'import does not overwrite' 1 'already exists' "$pgblob" import from.db app
check 'ls writes names only' [ "$("$pgblob" ls | tr '\n' ,)" = 'app,sm%l one,' ]
says 'ls -l has columns' 0 'LAST COMMIT' "$pgblob" ls -l
json 'ls in JSON' "[x['name'] for x in d] == ['app', 'sm%l one'] and d[0]['bytes'] == $pages * 4096" "$pgblob" --json ls
says 'info' 0 "pages         $pages of 4096 bytes" "$pgblob" info app
json 'info in JSON' "d['lsn'] == 1 and len(d['id']) == 32 and d['stored']['slots']['objects'] == 1 and d['manifest']['slots_since'] == 1" \
	"$pgblob" info app --json
says 'info of what is not there' 1 'pgblob: ERROR: database "none" does not exist' "$pgblob" info none
printf '.load %s/pgblob\n.open file:app?vfs=pgblob\n' "$build" >shell.sql
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "UPDATE t SET b = 'new$i' WHERE a = $i;"; done >>shell.sql
check 'the shell commits to the same store' sqlite3 -batch -init /dev/null :memory: '.read shell.sql'
check 'log has a line for each slot, and a heading' [ "$("$pgblob" log app | wc -l)" = 14 ]
check 'log begins with the newest' [ "$("$pgblob" log app | awk 'NR == 2 { print $1 }')" = 13 ]
check 'log has a limit' [ "$("$pgblob" log app -n 3 | wc -l)" = 4 ]
check 'log begins where it is told' [ "$("$pgblob" log app --from 5 | awk 'NR == 2 { print $1 }')" = 5 ]
check 'log ends at a time' [ "$("$pgblob" log app --since 2100-01-01 | wc -l)" = 0 ]
check 'log shows what is younger' [ "$("$pgblob" log app --since 1h | wc -l)" = 14 ]
"$pgblob" log app --json >log.json
check 'log in JSON is one object a line' python3 -c "import json
d = [json.loads(l) for l in open('log.json')]
assert [x['lsn'] for x in d] == list(range(13, 0, -1)) and d[-1]['kind'] == 'created' and d[0]['kind'] == 'commit' and d[0]['bytes'] > 0"
says 'log of what is not there' 1 'database "none" does not exist' "$pgblob" log none
check 'a reader that stops early is no matter' sh -c "'$pgblob' log app | head -1"

# export
json 'export' "d == {'name': 'app', 'file': 'to.db'}" "$pgblob" export app to.db --json
check 'the export is the newest version' [ "$(sqlite3 to.db 'SELECT b FROM t WHERE a = 12')" = new12 ]
says 'export does not overwrite' 1 'to.db' "$pgblob" export app to.db

# as it was
check 'export of what was' "$pgblob" export app@5 five.db
check 'it is the version of that slot' [ "$(sqlite3 five.db "SELECT count(*) FROM t WHERE b LIKE 'new%'")" = 4 ]
check 'a copy of what was, compared' "$pgblob" cp --verify app@5 fifth
check 'is a database of its own' sh -c "'$pgblob' export fifth fifth.db && [ \"\$(sqlite3 fifth.db .dump | md5sum)\" = \"\$(sqlite3 five.db .dump | md5sum)\" ]"
says 'a slot that never was is told' 1 'has no slot 99' "$pgblob" export app@99 none.db
check 'no snapshots' [ -z "$("$pgblob" snapshot list app)" ]
json 'the same in JSON' 'd == []' "$pgblob" snapshot list app --json
json 'a snapshot' "d['name'] == 'now' and d['lsn'] == 13 and d['kind'] == 'snapshot'" "$pgblob" snapshot create app now --json
check 'one of what was' "$pgblob" snapshot create app@5 then
says 'a name is used once' 1 'ERROR:' "$pgblob" snapshot create app now
json 'the list' "[(x['name'], x['lsn']) for x in d] == [('now', 13), ('then', 5)]" "$pgblob" snapshot list app --json
check 'as text' [ "$("$pgblob" snapshot list app | awk 'NR == 3 { print $1, $3, $4 }')" = '5 snapshot then' ]
check 'a snapshot is a version' "$pgblob" export app@then then.db
check 'the one that it was made of' same five.db then.db
json 'info of what was' "d['lsn'] == 5 and d['manifest']['slots_since'] == 5 and d['stored']['slots']['objects'] == 13" "$pgblob" info app@then --json
check 'log of what was' [ "$("$pgblob" log app@then | awk 'NR == 2 { print $1 }')" = 5 ]
segments=$(find data/app/seg -type f 2>/dev/null | wc -l) # of the import; the commits behind it are small
json 'verify of what was' "d['lsn'] == 5 and d['damaged'] == 0 and d['objects'] == 5 + $segments and d['integrity_checked']" \
	"$pgblob" verify app@5 --json
says 'info of a slot that never was' 1 'has no slot 99' "$pgblob" info app@99
says 'drop of what was is refused' 1 'ERROR:' "$pgblob" drop app@5 --yes
json 'info counts them' "d['stored']['pins']['objects'] == 2" "$pgblob" info app --json
says 'a delete is asked for' 1 'Say --yes' "$pgblob" snapshot delete app then
json 'delete' "d == {'name': 'then', 'deleted': True}" "$pgblob" snapshot delete app then -y --json
says 'it is gone' 1 'then' "$pgblob" export app@then gone.db
says 'one that is not there is told' 1 'then' "$pgblob" snapshot delete app then -y
json 'a branch' "d['name'] == 'branch' and d['pages'] == $pages" "$pgblob" branch app branch --json
check 'a branch of what was' "$pgblob" branch app@5 branch5
check 'begins as that' sh -c "'$pgblob' export branch5 branch5.db && [ \"\$(sqlite3 branch5.db .dump | md5sum)\" = \"\$(sqlite3 five.db .dump | md5sum)\" ]"
says 'a branch does not overwrite' 1 'already exists' "$pgblob" branch app branch
says 'a branch of what is not there' 1 'none' "$pgblob" branch none x
says 'verify of a branch reads what it shares' 0 'no damage' "$pgblob" verify branch5
check 'the list shows where branches begin' [ "$("$pgblob" snapshot list app | grep -c ' branch  *branch')" = 2 ]
says 'restore wants to know what to' 2 'needs --to VERSION' "$pgblob" restore branch
says 'restore asks' 1 'Say --yes' "$pgblob" restore app --to 5
json 'restore is a new commit' "d['lsn'] == 14" "$pgblob" restore app --to 5 -y --json
check 'and is what was' sh -c "'$pgblob' export app restored.db && [ \"\$(sqlite3 restored.db .dump | md5sum)\" = \"\$(sqlite3 five.db .dump | md5sum)\" ]"
check 'it can be undone' "$pgblob" restore app --to now -y
check 'by a snapshot' sh -c "'$pgblob' export app undone.db && [ \"\$(sqlite3 undone.db .dump | md5sum)\" = \"\$(sqlite3 to.db .dump | md5sum)\" ]"
says 'verify of a restored database' 0 'no damage' "$pgblob" verify app
says 'restore to what never was' 1 'has no slot 99' "$pgblob" restore app --to 99 -y
for name in branch branch5 fifth; do "$pgblob" drop $name -y; done
says 'snapshot wants to know what' 2 'usage: pgblob snapshot' "$pgblob" snapshot frob app x
says 'and for which name' 2 'usage: pgblob snapshot' "$pgblob" snapshot create app

# compact, gc
printf ".load %s/pgblob\n.open file:app?vfs=pgblob\nUPDATE t SET b = 'last' WHERE a = 1;\n" "$build" >last.sql
check 'one more commit' sqlite3 -batch -init /dev/null :memory: '.read last.sql'
check 'before it is compacted' "$pgblob" export app before.db
json 'compact' "d['compacted'] and d['lsn'] == 16 and d['pages_folded'] > 0 and d['segments'] > 0" "$pgblob" compact app --json
says 'compact has nothing to do twice' 0 'nothing was committed' "$pgblob" compact app
says 'compact of what is not there' 1 'does not exist' "$pgblob" compact none
check 'what was compacted is what it was' sh -c "'$pgblob' export app again.db && cmp before.db again.db"
json 'gc keeps what is young' "d['from_lsn'] == 0 and d['slots']['objects'] == 0 and d['dry_run']" "$pgblob" gc -n app --json
says 'gc in words' 0 'app: deleted 0 slots' "$pgblob" gc app
says 'gc of what never was' 0 'never: there is nothing of a database of that name' "$pgblob" gc never
json 'gc of all' "'app' in [x['name'] for x in d]" "$pgblob" gc --all --json
mkdir -p data/killed/seg data/others
touch -d '3 days ago' data/killed/seg/000102030405060708090a0b0c0d0e0f data/others/file
json 'gc of all finds what a killed import left' "[x['segments']['objects'] for x in d if x['name'] == 'killed'] == [1] and 'others' not in [x['name'] for x in d]" "$pgblob" gc --all --json
says 'and deletes it' 0 'killed: deleted 0 slots, 0 segments' "$pgblob" gc killed
says 'gc of nothing' 2 'gc wants a database, or --all' "$pgblob" gc

# drop
says 'drop asks, and without a terminal it does nothing' 1 'HINT: Say --yes.' "$pgblob" drop 'sm%l one'
if command -v script >/dev/null; then
	echo n | script -qec "$pgblob drop 'sm%l one'" /dev/null >shown 2>&1
	check 'no means no' sh -c "grep -q canceled shown && '$pgblob' info 'sm%l one'"
	echo y | script -qec "$pgblob drop 'sm%l one'" /dev/null >shown 2>&1
	check 'yes means yes' sh -c "! '$pgblob' info 'sm%l one'"
	"$pgblob" import small.db 'sm%l one'
	script -qec "$pgblob import from.db shown" /dev/null >shown 2>&1 </dev/null
	check 'a terminal sees how far it is' grep -q '100%' shown
	script -qec "$pgblob compact shown" /dev/null >shown 2>&1 </dev/null
	check 'of compact, too' grep -q 'compacting.*100%' shown
	script -qec "$pgblob gc shown" /dev/null >shown 2>&1 </dev/null
	check 'and what gc looks at' grep -q 'shown: [1-9][0-9]* objects looked at' shown
	script -qec "$pgblob -q import from.db unseen" /dev/null >shown 2>&1 </dev/null
	check 'nobody else does' [ ! -s shown ]
fi
json 'drop' "d['dropped'] is True" "$pgblob" drop 'sm%l one' --yes --json
says 'drop of what is not there' 1 'does not exist' "$pgblob" drop none -y
json 'or may be' "d['dropped'] is False" "$pgblob" drop none -y --if-exists --json
says 'a dropped database is told as that' 1 'DETAIL: It was dropped.' "$pgblob" info 'sm%l one'

# cp
says 'a URL without a name is told' 2 'names no database' "$pgblob" cp app "file:$work/other"
json 'cp within a store' "d['name'] == 'app2' and d['lsn'] == 1" "$pgblob" cp app app2 --json
says 'cp does not overwrite' 1 'database "app2" already exists' "$pgblob" cp app app2
says 'cp of what is not there' 1 'database "none" does not exist' "$pgblob" cp none x
check 'cp to another folder' "$pgblob" cp app "file:$work/other#app"
check '--store names it' "$pgblob" --store "file://$work/other" export app other.db
check 'the copy is equal' same before.db other.db
there() { "$pgblob" "$@" >/dev/null 2>&1; }
round=0
around() { # CLAIM URL: there and back
	round=$((round + 1))
	check "cp to $1" "$pgblob" cp app "$2#app"
	check "cp from $1" "$pgblob" cp "$2#app" "back$round"
	check "export of what came from $1" "$pgblob" export "back$round" "back$round.db"
	check "what went to $1 and back is equal" same before.db "back$round.db"
	json "ls of $1" "[x['name'] for x in d] == ['app']" "$pgblob" -s "$2" ls --json
}
if [ -n "${PGBLOB_TEST_S3_ENDPOINT:-}" ]; then
	s3="s3://$PGBLOB_TEST_S3_BUCKET/tool$$?endpoint=$PGBLOB_TEST_S3_ENDPOINT"
	around s3 "$s3"
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	bad 'no s3'
fi
if [ -n "${PGBLOB_TEST_AZURE_ENDPOINT:-}" ]; then
	azure="azure://$AZURE_STORAGE_ACCOUNT/$PGBLOB_TEST_AZURE_CONTAINER/tool$$?endpoint=$PGBLOB_TEST_AZURE_ENDPOINT"
	around azure "$azure"
	if [ -n "${s3:-}" ]; then
		check 'cp from s3 to azure' "$pgblob" cp "$s3#app" "$azure#direct"
		check 'cp from azure to s3' "$pgblob" cp "$azure#direct" "$s3#direct"
		check 'its export' "$pgblob" -s "$s3" export direct direct.db
		check 'it is equal' same before.db direct.db
	fi
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	bad 'no azure'
fi

# cp that is killed: the target is there whole or not at all, and is made by the next try
sqlite3 big.db "CREATE TABLE t(a INTEGER PRIMARY KEY, b);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT INTO t SELECT i, randomblob(3000) FROM n;"
check 'a database of several segments' "$pgblob" import big.db big
killed=0
for ms in 5 20 40 80 120 160 200 300 400 600; do
	"$pgblob" cp big "file:$work/killed#big" 2>/dev/null &
	pid=$!
	sleep "$(printf '0.%03d' $ms)"
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
	there --store "file:$work/killed" info big && break
done
there --store "file:$work/killed" info big || check 'after kills the copy is made by the next try' "$pgblob" cp big "file:$work/killed#big"
check "the copy is whole after $killed kills" sh -c "'$pgblob' --store file:$work/killed export big killed.db && sqlite3 killed.db 'PRAGMA integrity_check' | grep -qx ok"
check 'and equal' same big.db killed.db

# verify
says 'verify of a sound database' 0 'no damage' "$pgblob" verify app
json 'the same in JSON' "d['damage'] == [] and d['damaged'] == 0 and d['finished'] and d['integrity_checked'] and d['pages'] == d['pages_in_all'] == $pages" \
	"$pgblob" verify app --json
check 'in silence' [ -z "$("$pgblob" verify app --quiet 2>&1)" ]
json 'a sample, without SQL' "d['objects'] < d['objects_in_all'] and not d['integrity_checked']" "$pgblob" verify big --sample 1% --no-check --json
says 'a bad sample is told' 2 'invalid value for --sample: "200%"' "$pgblob" verify app --sample 200%
says 'verify of what is not there' 1 'database "none" does not exist' "$pgblob" verify none
segment=$(find data/big/seg -type f | head -1)
printf 'x' | dd of="$segment" bs=1 seek=500000 conv=notrunc 2>/dev/null
says 'a damaged object is found and named' 3 "damaged: ${segment#data/}: its checksum does not hold (1 pages lost)" \
	"$pgblob" verify big --no-check
"$pgblob" verify big --json --no-check >verify.json
check 'it ends with 3 in JSON too' [ $? = 3 ]
check 'and names it' python3 -c "import json
d = json.load(open('verify.json')); assert d['damaged'] == 1 and d['damage'][0]['object'] == '${segment#data/}' and d['damage'][0]['pages_lost'] == 1"
rm "$segment"
says 'a missing object is found' 3 'it is missing' "$pgblob" verify big
slot=data/big/log/0000000000000001
printf 'x' | dd of=$slot bs=1 seek=100 conv=notrunc 2>/dev/null
says 'of a database that cannot be opened the damaged objects are named' 3 'damaged: big/log/0000000000000001' "$pgblob" verify big
printf 'x' | dd of=$slot bs=1 seek=0 conv=notrunc 2>/dev/null
says 'ls shows what it can' 0 'WARNING: database "big"' "$pgblob" ls -l
check 'a damaged database has an error in JSON' sh -c "'$pgblob' ls --json 2>/dev/null | python3 -c 'import json,sys; assert [x for x in json.load(sys.stdin) if x[\"name\"] == \"big\"][0][\"error\"]'"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
