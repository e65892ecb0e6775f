#!/bin/sh
# The flush storm over many interleavings, with a host that inhibits and lifts: 2 to 8 processors, each schedule, so many seeds each.
# Usage: scripts/storm.sh [SEEDS]      (1000: some half an hour on two cores). Ends with the first seed that fails, and its trace.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
seeds=${1:-1000}
"$root/portcullis" version >/dev/null 2>&1 || "$root/portcullis" demo --quick --rounds 1 >/dev/null
[ -f "$root/guests/build/flushstorm" ] || sh "$root/guests/make.sh"
for schedule in random random:20-300 pct:3 pct:10; do
    for processors in 2 3 4 5 6 7 8; do
        echo "$processors processors, $schedule" >&2
        "$root/portcullis" explore --multiboot "$root/guests/build/flushstorm" --append "cross $((60 / processors))" --hyperv on \
            --cpus $processors --memory 32M --inhibits $((500 * processors)) --schedule $schedule --seeds "$seeds" --limit 200M
    done
done
