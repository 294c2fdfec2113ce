#!/bin/sh
# Installs the real servers that the tests run against: MariaDB, Redis, Chromium and SIP phones
# from Debian's packages, and two Asterisks of other Debian releases by debootstrap.
# Safe to run again; what is there already is not touched. Needs root and Debian.
#   usage: install.sh CACHE_FOLDER
set -eu
cache=${1:?usage: install.sh CACHE_FOLDER}
mkdir -p "$cache"
log="$cache/install.log"
say() { echo "install: $*"; }
fail() { echo "install: $* (see $log)" >&2; tail -n 5 "$log" >&2; exit 1; }

exec 9>"$cache/lock"
flock 9

packages=""
need() { command -v "$1" >/dev/null 2>&1 || packages="$packages $2"; }
need mariadbd mariadb-server-core
need mariadb mariadb-client-core
need sqlite3 sqlite3
need redis-server redis-server
need chromium chromium
need sipp sip-tester
need baresip baresip-core
need debootstrap debootstrap
need openssl openssl
need ip iproute2
need faketime faketime

if [ -n "$packages" ]; then
  say "Debian packages:$packages"
  # Debian starts a server when it installs one; the tests bring up private ones instead.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >>"$log" 2>&1 || fail "apt-get update failed"
  # shellcheck disable=SC2086
  apt-get install -y --no-install-recommends $packages >>"$log" 2>&1 || fail "apt-get install failed:$packages"
fi

asterisk() {
  folder="$cache/asterisk-$1"
  [ -e "$folder/.complete" ] && return 0
  say "Asterisk $1 from Debian $2 (about 440 MB, a minute)"
  rm -rf "$folder"
  debootstrap --variant=minbase --include=asterisk,ca-certificates "$2" "$folder" >>"$log" 2>&1 \
    || fail "debootstrap of $2 failed"
  chroot "$folder" asterisk -V | grep -q "Asterisk $1\." || fail "Debian $2 no longer has Asterisk $1"
  touch "$folder/.complete"
}
asterisk 16 bullseye
asterisk 22 sid

# cdr_adaptive_odbc comes with Asterisk; what it speaks to MariaDB through does not.
if [ ! -e "$cache/asterisk-16/usr/share/odbc-mariadb" ]; then
  say "MariaDB's ODBC driver for Asterisk 16"
  { chroot "$cache/asterisk-16" apt-get update && DEBIAN_FRONTEND=noninteractive chroot "$cache/asterisk-16" apt-get install -y --no-install-recommends odbc-mariadb; } \
    >>"$log" 2>&1 || fail "odbc-mariadb cannot be installed"
fi
say "all servers are in place"
