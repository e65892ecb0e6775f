#!/bin/sh
# Boots Linux to its power-off by virtual time, twice with one seed and once with another, and compares traces and console output:
# the first two must be the same to the last byte, the third must not.
#
#   bench/determinism.sh [--seed N] [--kernel vmlinuz --initrd initrd] [cpus...]
#
#   --seed N            the first seed; the other is the next. Default 1
#   --kernel, --initrd  a Linux kernel and a RAM disk that switches the machine off; by default those of 'boot debian --command true'
#   cpus...             default: 2
#
# PORTCULLIS in the environment replaces the program. Exit status 0: so it is; 1: it is not; 2: wrong usage, or a boot that failed.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P)
portcullis=${PORTCULLIS:-$root/portcullis}
seed=1
kernel=
initrd=

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --seed) seed=${2-}; shift ;;
    --kernel) kernel=${2-}; shift ;;
    --initrd) initrd=${2-}; shift ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
case $seed in '' | *[!0-9]*) usage ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-determinism.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
if [ -z "$kernel" ]; then
    "$portcullis" boot debian --fetch-only "$work" --command true >&2 || exit 2
    kernel=$work/vmlinuz
    initrd=$work/initrd
fi

# run NAME SEED CPUS
run() {
    begin=$(date +%s)
    "$portcullis" run --kernel "$kernel" --initrd "$initrd" --append console=ttyS0 --cpus "$3" --memory 512M --time virtual \
        --seed "$2" --trace "$work/$1.trace" --serial "file:$work/$1.out" </dev/null || exit 2
    echo "$3 processors, seed $2: $(wc -l <"$work/$1.trace") slices, $(wc -c <"$work/$1.out") bytes of output, $(($(date +%s) - begin)) s"
}

status=0
for cpus in ${*:-2}; do
    run a "$seed" "$cpus"
    run b "$seed" "$cpus"
    run c $((seed + 1)) "$cpus"
    if cmp "$work/a.trace" "$work/b.trace" && cmp "$work/a.out" "$work/b.out"; then
        echo "  the same seed: the same trace ($(cksum <"$work/a.trace"))"
    else
        status=1
    fi
    if cmp -s "$work/a.trace" "$work/c.trace"; then
        echo "  another seed: the same trace, too"
        [ "$cpus" -eq 1 ] || status=1
    else
        echo "  another seed: another trace"
    fi
done
exit $status
