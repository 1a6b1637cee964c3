#!/bin/bash
# etc/completion/pgblob: what bash offers at the end of a line.  PGBLOB_BUILD names the build.
# Ends with "N passed, N failed".
# Licence: MIT, see LICENSE.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${PGBLOB_BUILD:?}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pgblob-completion.XXXXXX")
cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for name in $("$build/pgblobd" --help | sed -n 's/.*\[\([A-Z0-9_]*\)\]$/\1/p') CONFIG_PATH; do unset "$name"; done
PATH=$build:$PATH
. "$top/etc/completion/pgblob" || exit 1

check() { # CLAIM EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\nexpected: %s\ngot: %s\n' "$1" "$2" "$3" >&2
	fi
}
offers() { # LINE: what bash would offer at its end, sorted, with commas
	COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:@'
	COMPREPLY=()
	_pgblob
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd,
}

sqlite3 file.db 'CREATE TABLE t(a)'
for name in app apple 'two words' zoo; do pgblob import file.db "$name"; done
pgblob --store "file:$work/other" import file.db elsewhere
commands=$(pgblob --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort | paste -sd,)

check 'there are commands' yes "$([[ $commands == *export*verify* ]] && echo yes)"
check 'all commands' "$commands" "$(offers 'pgblob ')"
check 'commands that begin so' 'import,info' "$(offers 'pgblob i')"
check 'commands behind an option' 'import,info' "$(offers 'pgblob --json -c x.yaml i')"
check 'commands behind help' 'verify' "$(offers 'pgblob help v')"
check 'options of all' '--json' "$(offers 'pgblob --j')"
check 'options of a command' '--limit' "$(offers 'pgblob log app --l')"
check 'each option that help knows' yes "$(o=$(offers 'pgblob verify --') &&
	[[ ,$o, == *,--jobs,* && $o == *--json* && $o == *--no-check* && $o == *--sample* && $o == *--store* ]] && echo yes)"
check 'what a command can do' 'create,delete,list' "$(offers 'pgblob snapshot ')"
check 'names of databases' 'app,apple' "$(offers 'pgblob info ap')"
check 'all of them, quoted' 'app,apple,two\ words,zoo' "$(offers 'pgblob drop ')"
check 'behind options with arguments' 'zoo' "$(offers 'pgblob log -n 5 --since 2h z')"
check 'a name is the only argument' '' "$(offers 'pgblob log zoo ')"
check 'of the store that the line names' 'elsewhere' "$(offers "pgblob info --store file:$work/other ")"
check 'the same in one word' 'elsewhere' "$(offers "pgblob --store=file:$work/other info e")"
check 'the second argument of cp' 'zoo' "$(offers 'pgblob cp app z')"
check 'files for import' 'file.db' "$(offers 'pgblob import f')"
check 'and then a database' 'app,apple' "$(offers 'pgblob import file.db ap')"
check 'files for export come second' 'file.db' "$(offers 'pgblob export app fi')"
check 'a configuration is a file' 'file.db' "$(offers 'pgblob -c fi')"
check 'nothing for a number' '' "$(offers 'pgblob log app -n ')"
check 'nothing of a store that cannot be read' '' "$(touch plain && offers 'pgblob --store file:plain/x info ')"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
