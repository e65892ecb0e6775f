#!/bin/sh
# Saves a Linux guest in the middle of its stress of TLB flushes, as often as you like, each time goes on in a new process, and sees the
# stress verify itself to its end.
#
#   scripts/save-in-stress.sh [--cpus N] [--seconds N] [--times N] [--options WORDS]
#
#   --cpus N         virtual processors. Default 4
#   --seconds N      of stress, by the guest's clock, which stands still while the guest is a file. Default 60
#   --times N        how often it is saved and restored, each time after a report of the stress, 10 seconds apart. Default 3
#   --options WORDS  of 'portcullis boot debian'. Default '--hyperv on'
#
# Exit status 0: the stress passed; 1: it did not; 2: wrong usage. Waits for lines of the guest, never for time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
cpus=4
seconds=60
times=3
options='--hyperv on'
while [ $# -gt 0 ]; do
    case $1 in
    --cpus) cpus=$2 ;;
    --seconds) seconds=$2 ;;
    --times) times=$2 ;;
    --options) options=$2 ;;
    *) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
    shift 2
done

work=$(mktemp -d "${TMPDIR:-/tmp}/save-in-stress.XXXXXX")
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Starts the machine: sets machine (process id) and serial (its output).
start() {
    serial=$work/serial.$saved
    : >"$serial"
    "$root/portcullis" "$@" --save "$work/saved" --save-at-exit --serial "file:$serial" </dev/null 2>>"$work/messages" &
    machine=$!
}

# Waits until what the guest has said holds a line like the pattern, or the machine is gone.
await() {
    until grep -q "$1" "$serial"; do
        if ! kill -0 "$machine" 2>/dev/null; then
            grep -q "$1" "$serial" && return
            echo "save-in-stress: the machine ended without '$1'; it said:" >&2
            tail -n 20 "$serial" "$work/messages" >&2
            exit 1
        fi
        sleep 0.2
    done
}

"$root/portcullis" version >/dev/null
saved=0
# shellcheck disable=SC2086 # options are words
start boot debian --cpus "$cpus" --stress "$seconds" $options
while [ "$saved" -lt "$times" ]; do
    await '^stress: [0-9]* s'
    kill -TERM "$machine"
    wait "$machine" || true
    saved=$((saved + 1))
    grep '^stress:' "$serial" | tail -n 1
    tail -n 1 "$work/messages"
    mv "$work/saved" "$work/restored"
    start run --restore "$work/restored"
done
await '^stress: \(PASS\|FAIL\)'
wait "$machine" || true
machine=
grep '^stress:' "$serial"
grep -q '^stress: PASS' "$serial"
