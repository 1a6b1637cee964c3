#!/bin/bash
# Ceph with one monitor, one OSD and one radosgw, on loopback: S3 at http://127.0.0.1:PORT; the
# monitor takes PORT + 1.
# usage: ceph.sh start|stop|status STATE-DIRECTORY PORT
#        ceph.sh admin STATE-DIRECTORY PORT ARG...   radosgw-admin of it: quotas, rate limits, users
# env:   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY    the user to make (start)
#        CEPH_SUITE=forky    Debian's suite whose Ceph it is (20 at the time of writing), unpacked beside
#                            the system and run in a chroot; `host`: this machine's own packages
#                            (Debian 12: Ceph 16)
#        CEPH_STORE=memstore in memory, empty at each start; `bluestore`: on disk, survives kill -9
#        CEPH_TLS_PORT=      also https here, with STATE/tls.crt
#        PGBLOB_TEST_PROGRAMS                        see common.sh
# Give the same environment to each call.  Needs root, for apt and for the chroot.
# Licence: MIT, see LICENSE.
set -eu
. "$(dirname "$0")/common.sh"
verb=${1:-} STATE=${2:-} port=${3:-}
[ -n "$STATE" ] && [ -n "$port" ] || die 'usage: ceph.sh start|stop|status|admin STATE-DIRECTORY PORT'
suite=${CEPH_SUITE:-forky} store=${CEPH_STORE:-memstore} tls_port=${CEPH_TLS_PORT:-}
root=$PROGRAMS/root-$suite
daemon_pattern='ceph-|radosgw'
mkdir -p "$STATE"
STATE=$(cd "$STATE" && pwd)
conf=$STATE/ceph.conf

install() {
	[ -z "$tls_port" ] || apt_install openssl
	if [ "$suite" = host ]; then
		apt_install ceph-mon ceph-osd radosgw
		return
	fi
	[ ! -e "$root" ] || return 0
	mkdir -p "$PROGRAMS"
	{ command -v mmdebstrap && command -v mount; } >/dev/null || apt_install mmdebstrap mount
	rm -rf "$root.part"
	# a mirror that lags behind has a Release file past its date
	mmdebstrap --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' \
		--include=ceph-mon,ceph-osd,radosgw "$suite" "$root.part"
	local d
	for d in bin sbin lib lib64; do [ -e "$root.part/$d" ] || ln -s "usr/$d" "$root.part/$d"; done
	mv "$root.part" "$root"
}

# within COMMAND...: run a program of the suite; STATE has the same path inside
within() {
	if [ "$suite" = host ]; then
		timeout 120 "$@"
		return
	fi
	mkdir -p "$root/proc" "$root/dev" "$root$STATE"
	# shellcheck disable=SC2016
	timeout 120 unshare --mount sh -ec '
		root=$1 state=$2
		shift 2
		mount --rbind /proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --bind "$state" "$root$state"
		exec env -i PATH="$PATH" LC_ALL=C chroot "$root" "$@"' sh "$root" "$STATE" "$@"
}

write_conf() {
	local fsid=$1 listen="endpoint=127.0.0.1:$port tcp_nodelay=1"
	if [ -n "$tls_port" ]; then
		[ -e "$STATE/tls.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
			-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.localhost' \
			-keyout "$STATE/tls.key" -out "$STATE/tls.crt"
		listen="$listen ssl_endpoint=127.0.0.1:$tls_port ssl_certificate=$STATE/tls.crt ssl_private_key=$STATE/tls.key"
	fi
	cat >"$conf.part" <<END
[global]
fsid = $fsid
mon_host = v2:127.0.0.1:$((port + 1))/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
run_dir = $STATE
pid_file = $STATE/\$name.pid
log_file = $STATE/\$name.log
keyring = $STATE/keyring
admin_socket =
[mon]
mon_data = $STATE/mon
mon_cluster_log_file = $STATE/cluster.log
mon_data_avail_warn = 2
mon_data_avail_crit = 1
[osd]
osd_data = $STATE/osd
osd_objectstore = $store
osd_crush_chooseleaf_type = 0
osd_memory_target = 939524096
memstore_device_bytes = 4294967296
bluestore_block_size = 10737418240
[client.rgw]
rgw_frontends = beast $listen
rgw_dns_name = localhost
rgw_thread_pool_size = 48
END
}

# A new cluster: a monitor that knows of one OSD.
create() {
	local id
	id=$(cat /proc/sys/kernel/random/uuid)
	write_conf "$id"
	within monmaptool --create --clobber --fsid "$id" --addv a "[v2:127.0.0.1:$((port + 1))/0]" "$STATE/monmap"
	within ceph-mon -c "$conf.part" -i a --mkfs --monmap "$STATE/monmap"
	within ceph-mon -c "$conf.part" -i a
	id=$(cat /proc/sys/kernel/random/uuid)
	within ceph -c "$conf.part" osd new "$id"
	within ceph-osd -c "$conf.part" -i 0 --mkfs --osd-uuid "$id"
	mv "$conf.part" "$conf" # from here on `start` continues it
}

start() {
	: "${AWS_ACCESS_KEY_ID:?}" "${AWS_SECRET_ACCESS_KEY:?}"
	install
	# what a memstore held has gone with its OSD
	alive osd.0 "$daemon_pattern" || [ "$store" != memstore ] || rm -f "$conf"
	if [ ! -e "$conf" ]; then
		stop
		rm -rf "$STATE/mon" "$STATE/osd"
		mkdir -p "$STATE/mon" "$STATE/osd"
		: >"$STATE/keyring"
		create
	fi
	alive mon.a "$daemon_pattern" || within ceph-mon -c "$conf" -i a
	alive osd.0 "$daemon_pattern" || within ceph-osd -c "$conf" -i 0
	admin user info --access-key="$AWS_ACCESS_KEY_ID" >/dev/null 2>&1 ||
		admin user create --uid="$AWS_ACCESS_KEY_ID" --display-name=test \
			--access-key="$AWS_ACCESS_KEY_ID" --secret-key="$AWS_SECRET_ACCESS_KEY" >/dev/null
	alive client.rgw "$daemon_pattern" || within radosgw -c "$conf" -n client.rgw
}

admin() {
	within radosgw-admin -c "$conf" -n client.rgw "$@"
}

# Killed, not asked: radosgw takes half a minute to end, and nothing in a test needs it to.
stop() {
	local name
	for name in client.rgw osd.0 mon.a; do
		! alive $name "$daemon_pattern" || kill -9 "$(cat "$STATE/$name.pid")"
		while alive $name "$daemon_pattern"; do sleep 0.02; done
		rm -f "$STATE/$name.pid"
	done
}

case $verb in
start)
	start >>"$STATE/log" 2>&1 </dev/null & # in the background, or else -e would not hold in it
	wait $! || die "not started, see $STATE/log"
	wait_listening "$port" client.rgw "$daemon_pattern" || die "does not listen on port $port, see $STATE/client.rgw.log"
	;;
stop) stop ;;
status)
	alive client.rgw "$daemon_pattern" && listening "$port" && echo running || { echo stopped; exit 3; }
	;;
admin)
	shift 3
	admin "$@"
	;;
*) die "\"$verb\" is none of start, stop, status, admin" ;;
esac
