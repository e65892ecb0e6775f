#!/bin/sh
# What hypercalls cost, as Markdown tables: as a guest sees it (the guest hvbench, with 1 to 64 processors), from entry to entry
# on one thread (JMH), with traces off and on; and what trust levels cost (the guest vsmbench).
#
#   bench/hypercalls.sh [guest] [vtl] [entry] [trace]
#
# Without a word: all of them, in about five minutes on two quiet processors. Exit status 2: wrong usage.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=toolchain.sh
. "$root/bench/toolchain.sh"

# Rounds that the guests throw away: they are to measure compiled code.
warm_up=20

work=$(mktemp -d "${TMPDIR:-/tmp}/hypercalls.XXXXXX")
trap 'rm -rf "$work"' EXIT

# guest_table GUEST INTERFACE COUNT...: one column for each number of processors.
guest_table() {
    guest=$1
    interface=$2
    shift 2
    for cpus; do
        "$root/portcullis" run --multiboot "$root/guests/build/$guest" --hyperv "$interface" --cpus "$cpus" --append "$warm_up" \
            </dev/null >"$work/$cpus" 2>"$work/errors" || [ $? -eq 1 ] || { cat "$work/$cpus" "$work/errors" >&2; exit 1; }
    done
    for cpus; do
        sed "s/^/$cpus:/" "$work/$cpus"
    done | tr -d '\r' | awk -F: -v columns="$*" '
        NF == 3 {
            if (!($2 in seen)) { seen[$2] = 1; order[++rows] = $2 }
            median = $3
            sub(/.*median /, "", median)
            sub(/ ns.*/, "", median)
            median += 0
            value[$2, $1] = median < 1000 ? median " ns" : median < 1000000 ? sprintf("%.2f µs", median / 1000) : sprintf("%.1f ms", median / 1000000)
        }
        END {
            count = split(columns, column, " ")
            printf "| as a guest sees it, median |"
            for (i = 1; i <= count; i++) printf " %d VP%s |", column[i], column[i] == 1 ? "" : "s"
            printf "\n|---|"
            for (i = 1; i <= count; i++) printf "---|"
            printf "\n"
            for (r = 1; r <= rows; r++) {
                printf "| %s |", order[r]
                for (i = 1; i <= count; i++) printf " %s |", value[order[r], column[i]]
                printf "\n"
            }
            printf "\n"
        }'
}

[ $# -gt 0 ] || set -- guest vtl entry trace
for word; do
    case $word in guest | vtl | entry | trace) ;; *) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
done
build_benchmarks
describe_host
for word; do
    case $word in
    guest) guest_table hvbench on 1 2 3 9 64 ;;
    vtl) guest_table vsmbench vsm 1 2 8 ;;
    entry) benchmark portcullis.bench.hypercall.HypercallReport ;;
    trace) benchmark portcullis.bench.trace.TraceReport ;;
    esac
done
