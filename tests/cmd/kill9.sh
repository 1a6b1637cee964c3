#!/bin/bash
# kill9.py on each kind of store; PGBLOB_BUILD names the build, the stores are those of tests/lib/stores.sh.
# Licence: MIT, see LICENSE.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${PGBLOB_BUILD:?} rounds=${KILL9_ROUNDS:-6}
passed=0 failed=0
export KILL9_DATABASE=kill9_$$
local_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/pgblob-kill9.XXXXXX")
trap 'rm -rf "$local_dir" "$local_dir.log"' EXIT

one() { # NAME ARG...
	local name=$1 line
	shift
	echo "== $name"
	timeout -k 5 300 /usr/bin/python3 -B "$here/kill9.py" "$build" "$rounds" "$@" >"$local_dir.log" 2>&1
	grep -v ' passed, ' "$local_dir.log"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$local_dir.log")
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
}

one local --storage.backend=local "--storage.local.base_path=$local_dir"
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
