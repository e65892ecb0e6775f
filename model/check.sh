#!/bin/sh
# Checks the model of the flush gate exhaustively, prints how many states there are, and breaks it in every way that gate.pml
# knows: each must be noticed. Needs spin and a C compiler.
#
#   model/check.sh [--full] [--memory MB]
#
# --full adds the largest configurations: minutes, and several gigabytes.
set -eu
model=$(cd "$(dirname "$0")" && pwd -P)/gate.pml
cc=${CC:-$(command -v gcc || command -v cc || echo gcc)}
memory=1500
full=

while [ $# -gt 0 ]; do
    case $1 in
        --full) full=1 memory=12000 ;;
        --memory) shift && memory=$1 ;;
        *) echo "usage: model/check.sh [--full] [--memory MB]" >&2 && exit 2 ;;
    esac
    shift
done
command -v spin >/dev/null || { echo "model/check.sh: spin is missing (package: spin)" >&2 && exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/gate-model.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"

# build OPTIMISATION SEARCH CONFIGURATION...: makes ./pan
build() {
    optimisation=$1 search=$2
    shift 2
    spin -a "$@" "$model" >spin.out 2>&1 || { cat spin.out && exit 1; }
    # What spin writes indexes arrays through functions: gcc's warnings about that are about no code of ours.
    "$cc" -w "$optimisation" "$search" -DCOLLAPSE -DNOFAIR -DMEMLIM="$memory" -o pan pan.c
}

figure() {
    sed -n "$1" pan.out | head -n 1
}

report() {
    printf '%-32s %11s states %11s transitions  depth %3s %6s s\n' "$1" \
        "$(figure 's/^ *\([0-9.e+]*\) states, stored.*/\1/p')" \
        "$(figure 's/^ *\([0-9.e+]*\) transitions.*/\1/p')" \
        "$(figure 's/.*depth reached \([0-9]*\),.*/\1/p')" \
        "$(figure 's/^pan: elapsed time \([0-9.]*\) .*/\1/p')"
}

# exhaust NAME CONFIGURATION...: no assertion fails, nobody waits for ever, and nothing was left out
exhaust() {
    name=$1
    shift
    build -O1 -DSAFETY "$@"
    ./pan -m1000000 -w23 >pan.out 2>&1 || true
    if ! grep -q 'errors: 0' pan.out || grep -q 'Search not completed\|max search depth too small' pan.out; then
        cat pan.out
        [ ! -f ./*.trail ] || ./pan -r -n || true
        echo "model: $name FAILED" >&2
        exit 1
    fi
    report "$name"
}

# ends NAME CONFIGURATION...: there is no cycle, so every run ends
ends() {
    name=$1
    shift
    build -O1 -DNP "$@"
    ./pan -l -m1000000 -w23 >pan.out 2>&1 || true
    if ! grep -q 'errors: 0' pan.out || grep -q 'Search not completed\|max search depth too small' pan.out; then
        cat pan.out
        echo "model: $name runs in a circle" >&2
        exit 1
    fi
    report "$name, no cycle"
}

# mutation NAME CONFIGURATION...: an error must be found
mutation() {
    name=$1
    shift
    grep -q "MUTATE_$name\$\|MUTATE_$name[^A-Z_]" "$model" || { echo "model: no mutation $name" >&2 && exit 1; }
    build -O0 -DSAFETY -DMUTATE_"$name" "$@"
    ./pan -m1000000 -w23 >pan.out 2>&1 || true
    caught=$(sed -n 's/^pan:1: *\(.*\) (at depth.*/\1/p' pan.out | sed 's/  */ /g')
    [ -n "$caught" ] || { cat pan.out && echo "model: $name was not noticed" >&2 && exit 1; }
    checked="$checked $name"
    printf '  %-34s caught by: %s\n' "$name" "$caught"
}

# Whom each VP's flushes are for, the last VP's digit first: 1 is VP 0, 2 is VP 1, 4 is VP 2, 0 is any set. (Spin reads no octal.)
to() {
    printf '%s' "-DTARGETS=$(($1))"
}

one="-DFLUSHES1=0 -DFLUSHES2=0"
two="-DFLUSHES2=0"
# shellcheck disable=SC2086,SC2046 # words
{
    echo "the model, exhaustively:"
    exhaust "two flush crosswise" $two "$(to 0056)"
    exhaust "three flush in a ring" "$(to 0142)"
    exhaust "two threads inhibit" $one "$(to 0006)" -DINHIBITS_B=1
    exhaust "one flushes any set" $one
    exhaust "level 1 locks and asks" $two "$(to 0012)" -DINTERRUPTS=1 -DINHIBITS_A=0
    exhaust "locks and the host" $one "$(to 0002)" -DINTERRUPTS=1
    exhaust "pause and reset" $two "$(to 0012)" -DPAUSES=1
    exhaust "INIT" $one -DINITS=1
    exhaust "a device never returns" -DSLOW=1 "$(to 0067)" $two
    exhaust "gates are left early" -DLEAVES_EARLY $two "$(to 0056)"
    ends "two threads inhibit" "$(to 0002)" $one -DINHIBITS_B=1
    ends "level 1 locks and asks" $one -DINTERRUPTS=1 -DINHIBITS_A=0
    if [ -n "$full" ]; then
        exhaust "two flush any sets" $two
        exhaust "two threads inhibit, any set" $one -DINHIBITS_B=1
        exhaust "two flush, level 1 asks" $two "$(to 0057)" -DINTERRUPTS=1 -DINHIBITS_A=0
        exhaust "two flush, pause" $two "$(to 0057)" -DPAUSES=1
        exhaust "two flush, INIT" $two "$(to 0012)" -DINITS=1
        exhaust "locks, the host, all" $one "$(to 0007)" -DINTERRUPTS=1
        exhaust "three flush crosswise" "$(to 0356)"
        exhaust "three flush, left early" -DLEAVES_EARLY "$(to 0356)"
    fi
}

echo "broken on purpose:"
checked=
# shellcheck disable=SC2086,SC2046 # words
{
    mutation FLUSH_DOES_NOT_LOOK $one
    mutation LOOK_AND_ENTRY_APART $one
    mutation FLUSHES_AS_IT_ENTERS $one
    mutation SELF_IS_NO_TARGET $one
    mutation DOES_NOT_AWAIT_TARGETS $one
    mutation LEAVES_BEFORE_IT_TELLS $one
    mutation SUSPENDS_INSIDE_GATES $one -DINHIBITS_B=1
    mutation NO_SECOND_LOOK $one
    mutation LOOKS_BEFORE_IT_PUBLISHES $one
    mutation SUSPENDED_RUNS $one
    mutation SUSPENDED_TAKES_NO_INTERRUPT "$(to 0002)" $one -DINTERRUPTS=1 -DINHIBITS_A=0
    mutation INHIBIT_DOES_NOT_WAIT $one
    mutation INHIBIT_LEAVES_WHAT_IS_PENDING $one
    mutation INHIBIT_LOOKS_AT_THE_REQUEST $one
    mutation INHIBIT_AWAITS_EVERYBODY -DSLOW=1 $one
    mutation LIFT_DOES_NOT_WAKE $one
    mutation LIFT_WAKES_BEFORE_IT_OPENS $one
    mutation LIFT_WAKES_EVERYBODY $one
    mutation LIFT_TAKES_ALL_REASONS $one -DINTERRUPTS=1
    mutation RESET_KEEPS_THE_TICKET $one -DPAUSES=1
    mutation LIFT_LEAVES_TELLING_TO_OTHERS $one -DINHIBITS_B=1
}
for known in $(grep -o 'MUTATE_[A-Z_]*[A-Z]' "$model" | sort -u | sed 's/^MUTATE_//'); do
    case "$checked " in *" $known "*) ;; *) echo "model: mutation $known is not checked" >&2 && exit 1 ;; esac
done
