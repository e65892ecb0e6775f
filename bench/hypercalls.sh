#!/bin/sh
# What hypercalls cost, as Markdown tables: as a guest sees it (the guest hvbench, with 1 to 64 processors), from entry to entry
# on one thread (JMH), with traces off and on; what trust levels cost (the guest vsmbench); and what they cost a guest that could
# have them and does not (lazy: hvbench by turns with --hyperv on and vsm).
#
#   bench/hypercalls.sh [guest] [vtl] [lazy] [entry] [trace]
#
# Without a word: all of them, in about ten minutes on two quiet processors. Exit status 2: wrong usage.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=toolchain.sh
. "$root/bench/toolchain.sh"

# Rounds that the guests throw away: they are to measure compiled code.
warm_up=100

work=$(mktemp -d "${TMPDIR:-/tmp}/hypercalls.XXXXXX")
trap 'rm -rf "$work"' EXIT

# run_guest GUEST INTERFACE PROCESSORS FILE: a run's figures go to the file.
run_guest() {
    "$root/portcullis" run --multiboot "$root/guests/build/$1" --hyperv "$2" --cpus "$3" --append "$warm_up" \
        </dev/null >"$4" 2>"$work/errors" || [ $? -eq 1 ] || { cat "$4" "$work/errors" >&2; exit 1; }
}

# Takes lines "COLUMN:FIGURE: least ... median N ns ..." up, several for each figure of a column: those of several runs.
figures='
    function middle(column, figure,    i, j, count, sorted, value) {
        count = runs[column, figure]
        for (i = 1; i <= count; i++) {
            value = median[column, figure, i]
            for (j = i; j > 1 && sorted[j - 1] > value; j--) sorted[j] = sorted[j - 1]
            sorted[j] = value
        }
        least = sorted[1]
        most = sorted[count]
        return sorted[int((count + 1) / 2)]
    }
    NF == 3 {
        if (!($2 in seen)) { seen[$2] = 1; order[++rows] = $2 }
        value = $3
        sub(/.*median /, "", value)
        sub(/ ns.*/, "", value)
        median[$1, $2, ++runs[$1, $2]] = value + 0
    }
'

# guest_table GUEST INTERFACE COUNT...: one column for each number of processors.
guest_table() {
    guest=$1
    interface=$2
    shift 2
    : >"$work/figures"
    for round in 1 2 3 4 5; do
        for cpus; do
            run_guest "$guest" "$interface" "$cpus" "$work/run"
            tr -d '\r' <"$work/run" | sed "s/^/$cpus:/" >>"$work/figures"
        done
    done
    awk -F: -v columns="$*" -v rounds="$round" "$figures"'
        function shown(time) {
            return time < 1000 ? time " ns" : time < 1000000 ? sprintf("%.2f µs", time / 1000) : sprintf("%.1f ms", time / 1000000)
        }
        END {
            count = split(columns, column, " ")
            printf "| as a guest sees it, median of %d runs |", rounds
            for (i = 1; i <= count; i++) printf " %d VP%s |", column[i], column[i] == 1 ? "" : "s"
            printf "\n|---|"
            for (i = 1; i <= count; i++) printf "---|"
            printf "\n"
            for (r = 1; r <= rows; r++) {
                printf "| %s |", order[r]
                for (i = 1; i <= count; i++) printf " %s |", (column[i], order[r]) in runs ? shown(middle(column[i], order[r])) : ""
                printf "\n"
            }
            printf "\n"
        }' "$work/figures"
}

# lazy_table PROCESSORS ROUNDS: the medians of as many runs with and without trust levels to be had, none of which is enabled. Who
# begins changes from round to round. The spread is that of the runs without: ratios within it are no difference.
lazy_table() {
    round=0
    : >"$work/figures"
    while [ $round -lt "$2" ]; do
        [ $((round % 2)) -eq 0 ] && order='on vsm' || order='vsm on'
        for interface in $order; do
            run_guest hvbench "$interface" "$1" "$work/run"
            tr -d '\r' <"$work/run" | sed "s/^/$interface:/" >>"$work/figures"
        done
        round=$((round + 1))
    done
    awk -F: -v processors="$1" -v rounds="$2" "$figures"'
        END {
            printf "| median of %d runs by turns, %d VP%s | on | vsm, no level enabled | vsm / on | spread of on |\n|---|---|---|---|---|\n",
                rounds, processors, processors == 1 ? "" : "s"
            for (r = 1; r <= rows; r++) {
                with = middle("vsm", order[r])
                without = middle("on", order[r])
                if (without == 0) continue
                printf "| %s | %d ns | %d ns | %.2f | %.2f to %.2f |\n", order[r], without, with, with / without, least / without, most / without
                sum += log(with / without)
                count++
            }
            if (count) printf "| geometric mean | | | %.3f | |\n", exp(sum / count)
            printf "\n"
        }' "$work/figures"
}

[ $# -gt 0 ] || set -- guest vtl lazy entry trace
for word; do
    case $word in guest | vtl | lazy | entry | trace) ;; *) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
done
build_benchmarks
describe_host
for word; do
    case $word in
    guest) guest_table hvbench on 1 2 3 9 64 ;;
    vtl) guest_table vsmbench vsm 1 2 8 ;;
    lazy) lazy_table 1 7; lazy_table 2 7 ;;
    entry) benchmark portcullis.bench.hypercall.HypercallReport ;;
    trace) benchmark portcullis.bench.trace.TraceReport ;;
    esac
done
