#!/bin/sh
# What the kernel complains of: boots the same Linux on Portcullis and on QEMU's TCG and compares the lines of its log that are
# warnings or worse. Prints those that only one of the two has.
#
#   bench/bootlog.sh [--logs DIR] [--levels N] [--options WORDS] [cpus...]
#
#   --logs DIR       keep the raw logs there
#   --levels N       lines of level N and below: 3 errors, 4 warnings (default), 5 notices
#   --options WORDS  further options of 'portcullis run', as in '--hyperv on'
#   cpus...          a boot each; default: 1 2 4 8
#
# Times, addresses and other figures do not count. PORTCULLIS and QEMU in the environment replace the two programs. Exit status 0:
# Portcullis' kernel has no line that QEMU's has not; 1: it has; 2: wrong usage, or a boot that did not end.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P)
portcullis=${PORTCULLIS:-$root/portcullis}
qemu=${QEMU:-qemu-system-x86_64}
logs=
levels=4
options=

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --logs) logs=${2-}; shift ;;
    --levels) levels=${2-}; shift ;;
    --options) options=${2-}; shift ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
case $levels in [0-7]) ;; *) usage ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-bootlog.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
[ -n "$logs" ] || logs=$work
mkdir -p "$logs" || exit 2

# The guest prints its log raw, levels included, and switches itself off.
"$portcullis" boot debian --fetch-only "$work" --command 'echo log begins; dmesg -r; echo log ends' >&2 || exit 2

boot() {
    words="console=ttyS0 quiet"
    case $1 in
    portcullis)
        # shellcheck disable=SC2086
        timeout 900 "$portcullis" run --kernel "$work/vmlinuz" --initrd "$work/initrd" --append "$words" --cpus "$2" \
            --memory 512M --serial stdio $options ;;
    *)
        timeout 900 "$qemu" -accel tcg -M q35 -cpu max -m 512 -smp "$2" -display none -no-reboot -serial stdio \
            -kernel "$work/vmlinuz" -initrd "$work/initrd" -append "$words" ;;
    esac </dev/null >"$logs/$1.$2.log" 2>"$work/err"
    grep -q '^log ends' "$logs/$1.$2.log" || { echo "$1 on $2 processors did not come to its end: $logs/$1.$2.log" >&2; exit 2; }
}

# Lines of the wanted levels, without what may differ.
complaints() {
    tr -d '\r' <"$1" | sed -n '/^log begins/,/^log ends/p' | awk -v levels="$levels" '
        match($0, /^<[0-9]+>/) {
            level = substr($0, 2, RLENGTH - 2) % 8
            text = substr($0, RLENGTH + 1)
            sub(/^\[ *[0-9.]+\] */, "", text)
            gsub(/0x[0-9a-fA-F]+|[0-9a-fA-F]*[0-9][0-9a-fA-F]*/, "#", text)
            if (level <= levels) print level ": " text
        }' | sort -u
}

status=0
for cpus in ${*:-1 2 4 8}; do
    boot portcullis "$cpus"
    boot qemu "$cpus"
    complaints "$logs/portcullis.$cpus.log" >"$work/p"
    complaints "$logs/qemu.$cpus.log" >"$work/q"
    echo "$cpus processors: $(wc -l <"$work/p") complaints on Portcullis, $(wc -l <"$work/q") on QEMU"
    comm -23 "$work/p" "$work/q" | sed 's/^/  only Portcullis: /'
    comm -13 "$work/p" "$work/q" | sed 's/^/  only QEMU: /'
    [ -z "$(comm -23 "$work/p" "$work/q")" ] || status=1
done
exit $status
