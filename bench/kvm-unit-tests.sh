#!/bin/sh
# Runs kvm-unit-tests (x86) on Portcullis, and side by side on QEMU's TCG, and prints a markdown table.
#
#   bench/kvm-unit-tests.sh [options] DIR [section...]
#
# DIR is a built tree of kvm-unit-tests (./configure && make). Its x86/unittests.cfg says what there is to run; sections of
# the groups vmx, svm and pmu are left out, because no nested virtualisation and no performance counters are offered.
#
#   --with qemu           a second column: the same sections on qemu-system-x86_64 -accel tcg
#   --only qemu           only that column
#   --timeout-factor N    multiplies every section's timeout (90 s where it names none); default 1
#   --logs DIR            where each run's output goes; default: a new directory under ${TMPDIR:-/tmp}
#   --arch i386|x86_64    what the tree was built for; default x86_64
#   --list                print the commands and run nothing
#
# PORTCULLIS and QEMU in the environment replace the two programs. Exit status 0: every section that ran on Portcullis (or,
# with --only qemu, on QEMU) passed or skipped itself; 1: one failed; 2: wrong usage.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
portcullis=${PORTCULLIS:-$root/portcullis}
qemu=${QEMU:-qemu-system-x86_64}
run_portcullis=yes
run_qemu=no
factor=1
logs=
arch=x86_64
list=no

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --with) [ "${2-}" = qemu ] || usage; run_qemu=yes; shift ;;
    --only) [ "${2-}" = qemu ] || usage; run_qemu=yes; run_portcullis=no; shift ;;
    --timeout-factor) factor=${2-}; shift ;;
    --logs) logs=${2-}; shift ;;
    --arch) arch=${2-}; shift ;;
    --list) list=yes ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
[ $# -ge 1 ] || usage
case $factor in '' | *[!0-9]*) usage ;; esac
tree=$1
shift
wanted=" $* "
config=$tree/x86/unittests.cfg
[ -r "$config" ] || { echo "$config: not readable; is $tree a tree of kvm-unit-tests?" >&2; exit 2; }
[ -n "$logs" ] || logs=$(mktemp -d "${TMPDIR:-/tmp}/kvm-unit-tests.XXXXXX") || exit 2
mkdir -p "$logs" || exit 2

# --- What a section asks for -------------------------------------------------------------------------------------------

# True where word $1 is in the blank-separated list $2.
has_word() {
    case " $2 " in *" $1 "*) return 0 ;; esac
    return 1
}

# Translates a -cpu argument into $vendor and $features; what cannot be expressed goes to $unsupported.
map_cpu() {
    vendor=
    features=
    saved_ifs=$IFS
    IFS=,
    set -f
    # shellcheck disable=SC2086
    set -- $1
    set +f
    IFS=$saved_ifs
    # The processor model only takes features away (the default processor has all there is), so it is not looked at,
    # except where it is known for its maker.
    case ${1-} in Opteron* | EPYC*) vendor=amd ;; esac
    [ $# -eq 0 ] || shift
    for item; do
        case $item in
        [+-]*) features=${features:+$features,}$item ;;
        vendor=GenuineIntel) vendor=intel ;;
        vendor=AuthenticAMD) vendor=amd ;;
        hv_passthrough) hyperv=on ;;
        host-phys-bits | host-phys-bits=* | migratable=no) ;;
        *) unsupported="-cpu $item" ;;
        esac
    done
}

# Splits $qemu_params into what is understood: $cpu, $memory (MiB), $hyperv, $needs_kvm.
map_params() {
    cpu=
    hyperv=
    memory=128
    unsupported=
    needs_kvm=no
    # shellcheck disable=SC2086
    set -- $qemu_params
    while [ $# -gt 0 ]; do
        case $1 in
        -cpu) cpu=$2; shift ;;
        -m)
            case $2 in *[gG]) memory=$((${2%?} * 1024)) ;; *) memory=$2 ;; esac
            shift
            ;;
        # Without a PIT some loops measure less noise; with one they still run.
        -machine)
            case $2 in pit=off | vmport=on) ;; *) unsupported="$1 $2" ;; esac
            shift
            ;;
        # It comes with the interface.
        -device)
            case $2 in hyperv-testdev) ;; *) unsupported="$1 $2" ;; esac
            shift
            ;;
        -enable-kvm) needs_kvm=yes ;;
        -overcommit) shift ;;
        *)
            unsupported="$1 ${2-}"
            [ $# -lt 2 ] || shift
            ;;
        esac
        shift
    done
    [ "${cpu%%,*}" != host ] || needs_kvm=yes
    map_cpu "$cpu"
}

# Whether any of the host files that a section names has the value it names: KVM's module parameters. (And the host's clock, which KVM's
# reference TSC page follows; ours has its own.)
check_reason() {
    for item in $check; do
        file=${item%%=*}
        case $file in */clocksource/*) continue ;; esac
        if [ ! -r "$file" ] || [ "$(cat "$file")" != "${item#*=}" ]; then
            echo "needs $item"
            return
        fi
    done
}

# --- Running one section -----------------------------------------------------------------------------------------------

# Sets $verdict and $reason from exit status $1, log $2 and error log $3.
judge() {
    summary=$(sed -n 's/^SUMMARY: //p' "$2" | tail -n 1 | tr -d '\r')
    status=$1
    # Status 1 is a guest that passed (isa-debug-exit of 0), and also how a program ends that could not run the guest.
    if [ "$status" -eq 1 ] && { [ ! -s "$2" ] || grep -q "Exception" "$3"; }; then
        status=error
    fi
    case $status in
    1) verdict=pass; reason=$summary ;;
    77) verdict=skip; reason=$(sed -n 's/^SKIP: //p' "$2" | head -n 1 | tr -d '\r') ;;
    124 | 137) verdict=FAIL; reason="no end after $limit s; last line: $(last_line "$2")" ;;
    *)
        verdict=FAIL
        reason=$(sed -n 's/^FAIL: //p' "$2" | head -n 1 | tr -d '\r')
        [ -z "$reason" ] || reason="$(grep -c '^FAIL: ' "$2") failed, first: $reason"
        [ -n "$reason" ] || reason=$(last_line "$3")
        [ -n "$reason" ] || reason="status $1, last line: $(last_line "$2")"
        ;;
    esac
    # A table cell is one line without bars.
    reason=$(printf %s "$reason" | tr '|\n\t' '/  ' | cut -c 1-160)
}

last_line() {
    grep -v '^[[:space:]]*$' "$1" | tail -n 1 | tr -d '\r' | cut -c 1-120
}

# Runs the rest of the arguments with the time limit; $1 names the log.
limited() {
    log=$logs/$1
    shift
    if [ "$list" = yes ]; then
        echo "$*" >&2
        verdict=skip
        reason="not run"
        return
    fi
    begin=$(date +%s)
    timeout -k 5 "$limit" "$@" >"$log.out" 2>"$log.err" </dev/null
    judge $? "$log.out" "$log.err"
    [ "$verdict" = skip ] || reason="$reason ($(($(date +%s) - begin)) s)"
}

on_portcullis() {
    if [ -n "$unsupported" ]; then
        verdict=skip
        reason="$unsupported is not offered"
        return
    fi
    set -- "$portcullis" run --multiboot "$image" --cpus "$smp" --memory "${memory}M" --serial stdio --exit-code guest
    [ -z "$hyperv" ] || set -- "$@" --hyperv "$hyperv"
    [ -z "$vendor" ] || set -- "$@" --cpu-vendor "$vendor"
    [ -z "$features" ] || set -- "$@" "--cpu-features=$features"
    [ -z "$append" ] || set -- "$@" "--append=$append"
    limited "$section.portcullis" "$@"
}

on_qemu() {
    if [ "$needs_kvm" = yes ]; then
        verdict=skip
        reason="needs KVM"
        return
    fi
    set -- "$qemu" --no-reboot -nodefaults -device pc-testdev -device isa-debug-exit,iobase=0xf4,iosize=0x4 \
        -display none -serial stdio -device pci-testdev -machine accel=tcg -kernel "$image" -smp "$smp"
    [ -z "$append" ] || set -- "$@" -append "$append"
    # shellcheck disable=SC2086
    limited "$section.qemu" "$@" $qemu_params
}

# Why a section is not run on anything; empty if it is.
reason_not_to_run() {
    if [ -n "$section_arch" ] && [ "$section_arch" != "$arch" ]; then
        echo "$section_arch only"
    elif has_word nodefault "$groups"; then
        echo "not run by default (nodefault)"
    elif [ "$accel" = kvm ]; then
        echo "for KVM only"
    elif [ ! -r "$image" ]; then
        echo "$file was not built"
    else
        check_reason
    fi
}

excluded() {
    for group in vmx svm pmu; do
        has_word $group "$groups" && return 0
    done
    case $file in vmx* | svm* | pmu*) return 0 ;; esac
    return 1
}

cell() {
    case $1 in FAIL) printf '**fail**' ;; *) printf %s "$1" ;; esac
}

count() {
    case $1 in
    pass) passed=$((passed + 1)) ;;
    FAIL) failed=$((failed + 1)) ;;
    skip) skipped=$((skipped + 1)) ;;
    esac
}

run_section() {
    [ -n "$section" ] || return 0
    [ "$wanted" = "  " ] || has_word "$section" "$wanted" || return 0
    excluded && return 0
    image=$tree/x86/$file
    limit=$((${timeout:-90} * factor))
    map_params
    # Quotes and `date` in test_args are the shell's to expand, as the test suite's own runner does.
    append=
    [ -z "$test_args" ] || eval "append=$test_args"
    row="| $section |"
    why=$(reason_not_to_run)
    if [ -n "$why" ]; then
        count skip
        [ $run_portcullis = no ] || row="$row skip | $why |"
        [ $run_qemu = no ] || row="$row skip | $why |"
        echo "$row"
        return 0
    fi
    if [ $run_portcullis = yes ]; then
        on_portcullis
        count $verdict
        row="$row $(cell $verdict) | $reason |"
    fi
    if [ $run_qemu = yes ]; then
        on_qemu
        [ $run_portcullis = yes ] || count $verdict
        row="$row $(cell $verdict) | $reason |"
    fi
    echo "$row"
}

# --- The list of sections ----------------------------------------------------------------------------------------------

begin_section() {
    section=$1
    file=
    smp=1
    test_args=
    qemu_params=
    section_arch=
    timeout=
    groups=
    check=
    accel=
}

passed=0
failed=0
skipped=0
header="| section |"
rule="|---|"
[ $run_portcullis = no ] || { header="$header Portcullis | |"; rule="$rule---|---|"; }
[ $run_qemu = no ] || { header="$header QEMU TCG | |"; rule="$rule---|---|"; }
echo "$header"
echo "$rule"

begin_section ""
while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*=}
    value=${value# }
    case $line in
    '#'*) ;;
    '['*']')
        run_section
        line=${line#?}
        begin_section "${line%?}"
        ;;
    file*=*) file=$value ;;
    smp*=*) smp=$value ;;
    test_args*=*) test_args=$value ;;
    qemu_params*=* | extra_params*=*) qemu_params=${line#*=} ;;
    arch*=*) section_arch=$value ;;
    timeout*=*) timeout=$value ;;
    groups*=*) groups=$value ;;
    check*=*) check=$value ;;
    accel*=*) accel=$value ;;
    esac
done <"$config"
run_section

echo
echo "$passed passed, $failed failed, $skipped skipped"
echo "logs: $logs" >&2
[ $failed -eq 0 ]
