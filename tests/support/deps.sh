#!/bin/sh
# deps.sh demo|test|bench|analyze|cover: installs the Debian packages that are missing, and only those. Silent and
# without touching the network when nothing is missing. apt-get as root, through sudo otherwise.
# shellcheck disable=SC2086 # lists of packages are meant to split
set -eu

build="gcc libc6-dev make git pkg-config libmodbus-dev libsqlite3-dev libcjson-dev libmd-dev libssl-dev zlib1g-dev"
build="$build libpaho-mqtt-dev"
demo="$build python3 mosquitto mosquitto-clients tzdata"
# libclang-rt-14-dev: clang's sanitizers and libFuzzer; not a hard dependency of Debian 12's clang (14).
test="$demo clang libclang-rt-14-dev clang-format libcmocka-dev python3-paho-mqtt python3-pymodbus python3-serial"
test="$test python3-serial-asyncio python3-jsonschema mbpoll socat shellcheck openssl"
bench="$test valgrind"
analyze="$test clang-tidy cppcheck"
# Counts conditions, not only branches; Debian 12 has it beside its own clang 14.
cover="$test clang-19 llvm-19"

case "${1:-}" in
demo) wanted=$demo ;;
test) wanted=$test ;;
bench) wanted=$bench ;;
analyze) wanted=$analyze ;;
cover) wanted=$cover ;;
*)
    echo "usage: deps.sh demo|test|bench|analyze|cover" >&2
    exit 2
    ;;
esac

command -v dpkg-query >/dev/null || {
    echo "This is not Debian: install by hand what corresponds to: $wanted" >&2
    exit 1
}

# `installed` in the status of each package; a package that dpkg has never heard of gives no line at all.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $wanted; do
    echo "$installed" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "Missing packages:$missing" >&2
    echo "Neither root nor sudo here. As root, run: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing what is missing 安装缺少的软件包:$missing"
install() {
    # Options in the environment would not survive sudo: hence `env` behind it.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install >"$log" 2>&1; then
    # Most often the package lists are missing or older than the mirror.
    if ! { $as_root apt-get update -qq && install; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "apt-get could not install:$missing" >&2
        exit 1
    fi
fi
case "$missing" in
*" mosquitto "* | *" mosquitto")
    echo "Note: Debian starts its own broker on 127.0.0.1:1883. Not wanted? sudo systemctl disable --now mosquitto"
    ;;
esac
