# shellcheck shell=bash
# common.sh - what the server scripts share; sourced by them.
#   PROGRAMS  where servers that are not Debian packages of this machine are installed, once
#   STATE     the directory of one running server: its data, logs and pid files
# Licence: MIT, see LICENSE.
PROGRAMS=${PGBLOB_TEST_PROGRAMS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pgblob-test-servers}

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# apt_install PACKAGE...: those that are missing
apt_install() {
	local p missing=()
	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	mkdir -p "$PROGRAMS"
	(
		flock 8 # several servers start at the same time
		apt-get -o DPkg::Lock::Timeout=300 update -qq &&
			DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y \
				--no-install-recommends "${missing[@]}"
	) 8>"$PROGRAMS/.apt.lock"
}

# npm_install DIR PACKAGE...: into a directory that appears only when it is complete
npm_install() {
	local dir=$1
	shift
	[ ! -e "$dir" ] || return 0
	command -v npm >/dev/null || apt_install npm
	rm -rf "$dir.part"
	npm install --prefix "$dir.part" --no-audit --no-fund --loglevel=error "$@" && mv "$dir.part" "$dir"
}

# alive NAME PATTERN: does the process of $STATE/NAME.pid live, and is it what we started?
alive() {
	local pid
	pid=$(cat "$STATE/$1.pid" 2>/dev/null) && grep -qsE "$2" "/proc/$pid/cmdline"
}

listening() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_listening PORT NAME PATTERN: up to two minutes, or until the process ends
wait_listening() {
	local i
	for ((i = 0; i < 2400; i++)); do
		listening "$1" && return 0
		alive "$2" "$3" || [ "$i" -lt 20 ] || return 1
		sleep 0.05
	done
	return 1
}
