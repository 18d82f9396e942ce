#!/usr/bin/env bash
# Makes the folder of real name servers that the interop tests run: BIND >= 9.20 and Knot >= 3.4, from Debian trixie's
# packages. Nothing is installed on the machine itself and no service is started; the tests enter the folder with chroot.
#
#   tests/peers/root.sh [DIR]     default ${XDG_CACHE_HOME:-~/.cache}/claviger/peers, shared by all clones;
#                                 the tests also look into .cache/peers of the repository
#
# Needs root (or sudo) and mmdebstrap. Does nothing where the folder is complete.
set -eu

packages=bind9,bind9-utils,bind9-dnsutils,knot,knot-dnsutils,knot-dnssecutils,ldnsutils
suite=trixie
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/claviger/peers}
stamp="$suite $packages"

complete() { [ "$(cat "$dir/claviger-peers" 2>/dev/null)" = "$stamp" ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

complete && exit 0
mkdir -p "$(dirname "$dir")"
exec 9>"$dir.lock"
flock -w 900 9
complete && exit 0

# The machine's own mirror, so that a proxy or a local mirror is used where one is set up; only Debian's has the suite.
mirror=http://deb.debian.org/debian
if grep -qs '^ID=debian$' /etc/os-release; then
    own=$(awk '/^URIs:/ { print $2; exit } $1 == "deb" { print ($2 ~ /^\[/) ? $3 : $2; exit }' \
        /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
    mirror=${own:-$mirror}
fi

echo "making the folder of name servers $dir ($suite: $packages)" >&2
part="$dir.part.$$"
trap 'as_root rm -rf "$part"' EXIT
as_root mmdebstrap --quiet --variant=essential --include="$packages" "$suite" "$part" "$mirror"
echo "$stamp" | as_root tee "$part/claviger-peers" >/dev/null
as_root chmod 755 "$part"
as_root rm -rf "$dir"
as_root mv "$part" "$dir"
