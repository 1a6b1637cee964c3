#!/bin/bash
# transfers.py on each kind of store; PGBLOB_BUILD names the build, the stores are those of tests/lib/stores.sh.
# TRANSFERS_SECONDS: how long on each, 25 by default.
# Licence: MIT, see LICENSE.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${PGBLOB_BUILD:?} seconds=${TRANSFERS_SECONDS:-25}
passed=0 failed=0
export TRANSFERS_DATABASE=transfers_$$
local_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/pgblob-transfers.XXXXXX")
trap 'rm -rf "$local_dir" "$local_dir.log"' EXIT

one() { # NAME OPTION ENDPOINT ARG...
	local name=$1 line
	shift
	echo "== $name"
	timeout -k 5 $((seconds + 300)) /usr/bin/python3 -B "$here/transfers.py" "$build" "$seconds" "$@" >"$local_dir.log" 2>&1
	grep -v ' passed, ' "$local_dir.log"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$local_dir.log")
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
}

one local - - --storage.backend=local "--storage.local.base_path=$local_dir"
if [ -n "${PGBLOB_TEST_S3_ENDPOINT:-}" ]; then
	one s3 --storage.s3.endpoint "$PGBLOB_TEST_S3_ENDPOINT" --storage.backend=s3 \
		"--storage.s3.bucket=$PGBLOB_TEST_S3_BUCKET"
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	failed=$((failed + 1))
fi
if [ -n "${PGBLOB_TEST_AZURE_ENDPOINT:-}" ]; then
	one azure --storage.azure.endpoint "$PGBLOB_TEST_AZURE_ENDPOINT" --storage.backend=azure \
		"--storage.azure.account=$AZURE_STORAGE_ACCOUNT" \
		"--storage.azure.container=$PGBLOB_TEST_AZURE_CONTAINER"
elif [ -n "${PGBLOB_TEST_ALL:-}" ]; then
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
