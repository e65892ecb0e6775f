#!/bin/sh
# Portcullis and QEMU's TCG side by side: the same guests, in turns, in one run. Prints a markdown table of medians and ratios.
#
#   bench/compare.sh [--rounds N] [--kernel vmlinuz --initrd initrd] [--kut DIR] [name...]
#
#   --rounds N        runs of each guest on each emulator; the medians count. Default 3
#   --kernel, --initrd  a Linux kernel and RAM disk; by default those that 'portcullis boot debian' fetches
#   --kut DIR         a built tree of kvm-unit-tests, for its sieve and its loops of exits; left out by default
#   name...           only these: boot1 boot2 integer memory sse hello sieve vmexit_cpuid vmexit_inl_pmtimer
#
# Times are seconds of wall clock from the start of the process to the line that the guest prints (boots) or to the end of the
# process (others). PORTCULLIS and QEMU in the environment replace the two programs.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P)
portcullis=${PORTCULLIS:-$root/portcullis}
qemu=${QEMU:-qemu-system-x86_64}
rounds=3
kernel=
initrd=
kut=

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=${2-}; shift ;;
    --kernel) kernel=${2-}; shift ;;
    --initrd) initrd=${2-}; shift ;;
    --kut) kut=${2-}; shift ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
case $rounds in '' | *[!0-9]* | 0) usage ;; esac
names=${*:-hello integer memory sse boot1 boot2${kut:+ sieve vmexit_cpuid vmexit_inl_pmtimer}}

command -v "$qemu" >/dev/null || { echo "$qemu is missing: install qemu-system-x86" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-compare.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

now() { date +%s%N; }

# The first call builds what is stale, so that no build is measured.
"$portcullis" version >/dev/null || exit 2
sh "$root/guests/make.sh" >/dev/null || exit 2
case " $names " in
*" boot"*)
    if [ -z "$kernel" ]; then
        "$portcullis" boot debian --fetch-only "$work" >&2 || exit 2
        kernel=$work/vmlinuz
        initrd=$work/initrd
    fi
    ;;
esac

# launch NAME EMULATOR: becomes the emulator.
launch() {
    cpus=1
    case $1 in boot2) cpus=2 ;; esac
    case $1 in
    boot*)
        words="console=ttyS0 panic=-1"
        case $2 in
        portcullis)
            exec "$portcullis" run --kernel "$kernel" --initrd "$initrd" --append "$words" --cpus $cpus --memory 512M ;;
        *)
            exec "$qemu" -accel tcg -M q35 -m 512 -smp $cpus -display none -no-reboot -serial stdio \
                -kernel "$kernel" -initrd "$initrd" -append "$words" ;;
        esac
        ;;
    sieve | vmexit_*)
        file=$kut/x86/sieve.flat
        words=
        case $1 in vmexit_*) file=$kut/x86/vmexit.flat words=${1#vmexit_} ;; esac
        ;;
    *)
        file=$root/guests/build/$1
        words=
        ;;
    esac
    case $2 in
    portcullis) exec "$portcullis" run --multiboot "$file" --append "$words" --memory 256M ;;
    *)
        exec "$qemu" -accel tcg -cpu max -m 256 -display none -no-reboot -serial stdio \
            -device isa-debug-exit,iobase=0xf4,iosize=4 -device pc-testdev -kernel "$file" -append "$words" ;;
    esac
}

# measure NAME EMULATOR: prints milliseconds, or nothing where the guest did not get there.
measure() {
    begin=$(now)
    case $1 in
    boot*)
        mkfifo "$work/out"
        (launch "$1" "$2") <"$work/silence" >"$work/out" 2>"$work/err" &
        emulator=$!
        if grep -q -m 1 'Linux .* is up' <"$work/out"; then
            echo $((($(now) - begin) / 1000000))
        fi
        kill "$emulator" 2>/dev/null
        wait "$emulator" 2>/dev/null
        rm -f "$work/out"
        ;;
    *)
        (launch "$1" "$2") </dev/null >"$work/out" 2>"$work/err"
        status=$?
        end=$(now)
        rm -f "$work/out.last"
        mv "$work/out" "$work/out.last"
        [ $((status & 1)) -eq 1 ] && [ $status -lt 124 ] && echo $(((end - begin) / 1000000))
        ;;
    esac
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "" }'; }

# Standard input that says nothing and does not end: an end of input would switch a console off.
mkfifo "$work/silence"
sleep 100000 >"$work/silence" &
sleeper=$!
trap 'kill $sleeper 2>/dev/null; rm -rf "$work"' EXIT

echo "| guest | Portcullis | QEMU TCG | ratio |"
echo "|---|---|---|---|"
for name in $names; do
    : >"$work/p"
    : >"$work/q"
    round=0
    while [ $round -lt "$rounds" ]; do
        measure "$name" portcullis >>"$work/p"
        measure "$name" qemu >>"$work/q"
        round=$((round + 1))
    done
    p=$(median "$work/p")
    q=$(median "$work/q")
    awk -v name="$name" -v p="$p" -v q="$q" 'BEGIN {
        printf "| %s | %s | %s | %s |\n", name, p == "" ? "failed" : sprintf("%.2f s", p / 1000),
            q == "" ? "failed" : sprintf("%.2f s", q / 1000), p == "" || q == "" ? "" : sprintf("%.2f", p / q) }'
done
