# Shell functions that the scripts share. Sourced by bash, never run.
# shellcheck shell=bash

# PostgreSQL releases for the tests, by major version; 15 is the distribution's. They come from npm.
PARTRUN_PG_MAJORS="14 16 17 18"
declare -A PARTRUN_PG_PINS=(
    [14]=14.23.0-beta.17 [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Where PostgreSQL releases from npm are unpacked: <cache>/<major>/{bin,lib,share}.
pg_cache() { printf '%s\n' "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/partrun/pg"; }

# The folder of initdb, pg_ctl and postgres for a major version, or nothing when it is not installed.
pg_bin() {
    local dir=/usr/lib/postgresql/$1/bin
    [ -x "$dir/postgres" ] || dir=$(pg_cache)/$1/bin
    [ ! -x "$dir/postgres" ] || printf '%s\n' "$dir"
}

# Runs a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root for: $* (no sudo here)"
    fi
}

# Runs a command quietly; its output is shown only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" = 0 ] || { say "failed: $*"; tail -n 40 "$log" >&2; }
    rm -f "$log"
    return "$status"
}

package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@"
}

# Installs those of the packages that are missing. The package index is refreshed only when something is.
apt_install() {
    local package missing=()
    for package in "$@"; do
        package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    quietly apt_get update || return
    quietly apt_get install -y --no-install-recommends "${missing[@]}"
}
