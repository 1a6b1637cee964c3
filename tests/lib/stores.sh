# shellcheck shell=bash
# stores.sh - start the object stores that the tests talk to; to be sourced
#
#	. tests/lib/stores.sh
#	trap stores_stop EXIT
#	stores_start build/stores 0 s3 s3-old azure s3rver || exit 1
#	... run the tests: what they read is exported ...
#
# stores_start DIRECTORY PORT [KIND...]
#	Starts the kinds named (all of them by default) at the same time, each with its state in
#	DIRECTORY/KIND, on six ports from PORT on; PORT 0: six free ones are looked for.  Creates the bucket
#	or container, and exports
#	    s3      PGBLOB_TEST_S3_ENDPOINT        Ceph 20
#	    s3-old  PGBLOB_TEST_S3_OLD_ENDPOINT    Ceph 16
#	            PGBLOB_TEST_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: of both
#	    azure   PGBLOB_TEST_AZURE_ENDPOINT, PGBLOB_TEST_AZURE_CONTAINER,
#	            AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY
#	    s3rver  PGBLOB_TEST_S3RVER_ENDPOINT    the one to be refused; same bucket name, keys S3RVER
#	Fails with a line on standard error if one did not start; the others are left running.
# stores_stop
#	Ends what stores_start started, by the pid files in DIRECTORY.  The state stays for whoever looks.
#
# The environment of the machine's own cloud account must not leak into tests: every AWS_* and AZURE_*
# variable that was there is unset first.
# Licence: MIT, see LICENSE.
stores_home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../servers" && pwd)
stores_dir='' stores_port=0 stores_kinds=()

stores_free_ports() { # the first of six free ports on loopback
	local port i
	for ((port = 9600; port < 9990; port += 6)); do
		for ((i = 0; i < 6; i++)); do
			! (: <"/dev/tcp/127.0.0.1/$((port + i))") 2>/dev/null || continue 2
		done
		echo "$port"
		return
	done
	return 1
}

stores_port_of() {
	case $1 in
	s3) echo "$stores_port" ;;
	s3-old) echo $((stores_port + 2)) ;;
	azure) echo $((stores_port + 4)) ;;
	s3rver) echo $((stores_port + 5)) ;;
	esac
}

stores_run() { # VERB KIND
	local dir=$stores_dir/$2 port
	port=$(stores_port_of "$2")
	case $2 in
	s3) CEPH_SUITE=forky "$stores_home/ceph.sh" "$1" "$dir" "$port" ;;
	s3-old) CEPH_SUITE=host "$stores_home/ceph.sh" "$1" "$dir" "$port" ;;
	azure) "$stores_home/azurite.sh" "$1" "$dir" "$port" ;;
	s3rver) "$stores_home/s3rver.sh" "$1" "$dir" "$port" ;;
	*)
		echo "stores.sh: \"$2\" is none of s3, s3-old, azure, s3rver" >&2
		return 1
		;;
	esac
}

# PUT of a bucket with curl's own signature: good enough for a request without body and query
stores_make_bucket() { # ENDPOINT KEYS
	curl -sSf -m 20 -o /dev/null -X PUT --aws-sigv4 "aws:amz:$AWS_REGION:s3" --user "$2" \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$1/$PGBLOB_TEST_S3_BUCKET"
}

stores_make_container() { # ENDPOINT
	local now key signature container=$PGBLOB_TEST_AZURE_CONTAINER
	now=$(LC_ALL=C TZ=GMT date '+%a, %d %b %Y %H:%M:%S GMT')
	key=$(printf %s "$AZURE_STORAGE_KEY" | base64 -d | od -An -v -tx1 | tr -d ' \n')
	signature=$(printf 'PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:%s\nx-ms-version:2021-12-02\n/%s/%s/%s\nrestype:container' \
		"$now" "$AZURE_STORAGE_ACCOUNT" "$AZURE_STORAGE_ACCOUNT" "$container" |
		openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
	curl -sSf -m 20 -o /dev/null -X PUT -H "x-ms-date: $now" -H 'x-ms-version: 2021-12-02' -H 'Content-Length: 0' \
		-H "Authorization: SharedKey $AZURE_STORAGE_ACCOUNT:$signature" "$1/$container?restype=container"
}

stores_start_one() { # KIND: start it, make the bucket or container
	local url
	url=http://127.0.0.1:$(stores_port_of "$1")
	stores_run status "$1" >/dev/null && return 0 # with its bucket
	stores_run stop "$1" && rm -rf "${stores_dir:?}/$1" # what an earlier run left
	stores_run start "$1" || return 1
	case $1 in
	s3 | s3-old) stores_make_bucket "$url" "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" ;;
	s3rver) stores_make_bucket "$url" S3RVER:S3RVER ;;
	azure) stores_make_container "$url/$AZURE_STORAGE_ACCOUNT" ;;
	esac || {
		echo "stores.sh: could not create the bucket or container of $1" >&2
		return 1
	}
}

stores_start() {
	local kind name pids=() pid failed=0
	stores_dir=$1 stores_port=$2
	shift 2
	stores_kinds=("$@")
	[ $# -gt 0 ] || stores_kinds=(s3 s3-old azure s3rver)
	for name in $(compgen -e | grep -E '^(AWS_|AZURE_|PGBLOB_TEST_(S3|AZURE))'); do unset "$name"; done
	export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test-secret AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
	export AZURE_STORAGE_ACCOUNT=test AZURE_STORAGE_KEY
	AZURE_STORAGE_KEY=$(printf '%064d' 0 | tr 0 k | base64 -w0)
	export PGBLOB_TEST_S3_BUCKET=pgblob-test PGBLOB_TEST_AZURE_CONTAINER=pgblob-test
	(. "$stores_home/common.sh" && apt_install curl openssl) >&2 || return 1
	mkdir -p "$stores_dir"
	stores_dir=$(cd "$stores_dir" && pwd)
	[ "$stores_port" != 0 ] || stores_port=$(stores_free_ports) || {
		echo "stores.sh: no six free ports" >&2
		return 1
	}
	for kind in "${stores_kinds[@]}"; do
		stores_start_one "$kind" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
	for kind in "${stores_kinds[@]}"; do
		name=http://127.0.0.1:$(stores_port_of "$kind")
		case $kind in
		s3) export PGBLOB_TEST_S3_ENDPOINT=$name ;;
		s3-old) export PGBLOB_TEST_S3_OLD_ENDPOINT=$name ;;
		azure) export PGBLOB_TEST_AZURE_ENDPOINT=$name/$AZURE_STORAGE_ACCOUNT ;;
		s3rver) export PGBLOB_TEST_S3RVER_ENDPOINT=$name ;;
		esac
	done
	return $failed
}

stores_stop() {
	local kind
	[ -n "$stores_dir" ] || return 0
	for kind in "${stores_kinds[@]}"; do stores_run stop "$kind" || :; done
	stores_kinds=()
}
