#!/bin/sh
# pkg-config.sh LIBDIR COMPILER CONSUMER COMPONENT…: builds and runs each use_<component>.cpp with what pkg-config says.
set -eu
libdir="$1" compiler="$2" consumer="$3"
shift 3
export PKG_CONFIG_PATH="$libdir/pkgconfig"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for component in "$@"; do
    for mode in "" --static; do
        # Word splitting is what is wanted of these flags.
        # shellcheck disable=SC2046
        "$compiler" -std=c++20 "$consumer/use_$component.cpp" -o "$work/program" \
            $(pkg-config $mode --cflags --libs "streamkit-$component")
        LD_LIBRARY_PATH="$libdir" "$work/program"
        echo "streamkit-$component: ok with pkg-config $mode"
    done
done
pkg-config --exists --print-errors streamkit
