# shellcheck shell=bash
# check.sh - runs the functions check_* of the script that sources it, in order, each in a shell of its own
# with a time limit (LIMIT, 40 s).  A check fails by `fail`, or by its status.
# Licence: MIT, see LICENSE.
export PSQLRC=/dev/null PAGER=cat LC_ALL=C.UTF-8 PGCONNECT_TIMEOUT=10

fail() { echo "$*" | tr '\n' ' ' | cut -c1-300 >&3; exit 1; }
eq() { [ "$1" = "$2" ] || fail "got '$1', want '$2'"; }
has() { local t=$1 p; shift; for p; do case $t in *"$p"*) ;; *) fail "'$p' missing from '${t:0:600}'" ;; esac; done; }
hasnt() { case $1 in *"$2"*) fail "unexpected '$2' in '${1:0:600}'" ;; esac; }
q() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

run_checks() {
  local all name why bad=0 n=0
  if [ "${1:-}" = --one ]; then exec 3>&1 >/dev/null; cd "$TMP" || exit 1; set -e; "check_$2"; exit; fi
  TMP=$(mktemp -d); export TMP; trap 'rm -rf "$TMP"' EXIT
  all=$(grep -oE '^check_[a-z0-9_]+' "$0" | sed 's/^check_//')
  [ $# -gt 0 ] && all=$*
  echo "1..$(echo $all | wc -w)"
  for name in $all; do
    n=$((n + 1))
    if why=$(timeout -k 2 "${LIMIT:-120}" bash "$0" --one "$name" 2>"$TMP/.err"); then echo "ok $name"
    else
      [ $? = 124 ] && why="timeout after ${LIMIT:-120}s"
      bad=$((bad + 1)); echo "not ok $name: ${why:-$(tr '\n' ' ' <"$TMP/.err" | cut -c1-300)}"
    fi
  done
  echo "$((n - bad)) passed, $bad failed"
  [ $bad = 0 ]
}
