#!/bin/sh
# Starts dr with the C library and the other libraries of this folder, so that dr runs on any Linux on x86-64.
here=$(readlink -f "$0") || exit 127
here=${here%/*}
if [ ! -x "$here/lib/ld-linux-x86-64.so.2" ]; then
    echo "dr: '$here/lib' is not complete: unpack the whole archive, on a file system that keeps permissions" >&2
    exit 127
fi
# The system's locales may have the form of another C library. Programs that dr starts do not get this variable.
LOCPATH=$here/lib/locale
export LOCPATH
exec "$here/lib/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$here/lib" --argv0 dr "$here/lib/dr" "$@"
