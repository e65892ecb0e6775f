#!/bin/sh
# Resident memory beyond the guest's own, with Linux at its shell: Portcullis, and QEMU's TCG beside it. Prints a markdown table.
#
#   bench/resident.sh [--kernel vmlinuz --initrd initrd] [--memory MiB] [cpus...]
#
#   --kernel, --initrd  a Linux kernel and RAM disk; by default those that 'portcullis boot debian' fetches
#   --memory MiB        the guest's memory. Default 512
#   cpus...             a row each; default: 1 2
#
# Needs Linux (/proc/PID/smaps). What counts as the guest's: Portcullis maps RAM and its page flags without reserving swap ("nr"),
# and nothing else of more than 64 MiB; QEMU maps RAM as one piece of its size. PORTCULLIS and QEMU in the environment replace the two
# programs.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P)
portcullis=${PORTCULLIS:-$root/portcullis}
qemu=${QEMU:-qemu-system-x86_64}
kernel=
initrd=
memory=512

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --kernel) kernel=${2-}; shift ;;
    --initrd) initrd=${2-}; shift ;;
    --memory) memory=${2-}; shift ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
case $memory in '' | *[!0-9]*) usage ;; esac
[ -r /proc/self/smaps ] || { echo "this host has no /proc/PID/smaps" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-resident.XXXXXX") || exit 2
emulator=
sleeper=
trap 'kill $emulator $sleeper 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The first call builds what is stale.
"$portcullis" version >/dev/null || exit 2
if [ -z "$kernel" ]; then
    "$portcullis" boot debian --fetch-only "$work" >&2 || exit 2
    kernel=$work/vmlinuz
    initrd=$work/initrd
fi
# Standard input that says nothing and does not end: an end of input would end the shell.
mkfifo "$work/silence"
sleep 100000 >"$work/silence" &
sleeper=$!

launch() {
    case $1 in
    portcullis)
        exec "$portcullis" run --kernel "$kernel" --initrd "$initrd" --append console=ttyS0 --cpus "$2" --memory "${memory}M" ;;
    *)
        exec "$qemu" -accel tcg -M q35 -m "$memory" -smp "$2" -display none -no-reboot -serial stdio \
            -kernel "$kernel" -initrd "$initrd" -append console=ttyS0 ;;
    esac
}

# Reads smaps; prints resident MiB in all, and of the guest's own.
sum() {
    awk -v ram=$((memory * 1024)) -v who="$1" '
        function flush() {
            all += rss
            if (who == "portcullis" ? size > 65536 && flags ~ / nr/ : size == ram) guest += rss
        }
        /^[0-9a-f]+-[0-9a-f]+ / { flush(); size = rss = 0; flags = "" }
        /^Size:/ { size = $2 }
        /^Rss:/ { rss = $2 }
        /^VmFlags:/ { flags = $0 }
        END { flush(); printf "%d %d\n", all / 1024, guest / 1024 }' "$2"
}

# measure EMULATOR CPUS: prints what sum prints, once the guest has been at its prompt for a moment.
measure() {
    launch "$1" "$2" <"$work/silence" >"$work/out" 2>"$work/err" &
    emulator=$!
    while ! tail -c 200 "$work/out" | tr -d '\033\r' | grep -q '^[/~] # '; do
        kill -0 $emulator 2>/dev/null || { echo "the guest ended: $(tail -n 1 "$work/err")" >&2; return 1; }
        sleep 1
    done
    sleep 3
    sum "$1" /proc/$emulator/smaps
    kill $emulator 2>/dev/null
    wait $emulator 2>/dev/null
    emulator=
}

echo "| processors | Portcullis, beyond the guest's | of the guest's | QEMU TCG, beyond the guest's | of the guest's |"
echo "|---|---|---|---|---|"
for cpus in ${*:-1 2}; do
    measure portcullis "$cpus" >"$work/p" || exit 1
    measure qemu "$cpus" >"$work/q" || exit 1
    awk -v cpus="$cpus" '{ printf "%s %d MiB | %d MiB |", (NR == 1 ? "| " cpus " |" : ""), $1 - $2, $2 } END { print "" }' "$work/p" "$work/q"
done
