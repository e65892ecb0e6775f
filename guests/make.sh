#!/bin/sh
# Builds the guests into guests/build with gcc and binutils alone; CC and OBJCOPY override the tools.
# Usage: guests/make.sh
set -eu
cd "$(dirname "$0")"

case $(uname -s)/$(uname -m) in
    Linux/x86_64 | Linux/amd64) prefix= ;;
    *) prefix=x86_64-linux-gnu- ;;
esac
if ! command -v "${CC:-${prefix}gcc}" >/dev/null 2>&1 && command -v x86_64-elf-gcc >/dev/null 2>&1; then
    prefix=x86_64-elf-
fi
CC=${CC:-${prefix}gcc}
OBJCOPY=${OBJCOPY:-${prefix}objcopy}

out=build
mkdir -p $out

# One code path for every host: no SSE outside the guest that measures it, nothing newer than SSE2, no contraction.
flags="-m64 -O2 -std=gnu17 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none
    -fno-asynchronous-unwind-tables -mno-red-zone -ffp-contract=off -fno-math-errno -Iruntime"
link="-nostdlib -static -no-pie -Wl,-T,runtime/guest.ld -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
    -Wl,--no-warn-rwx-segments"
"$CC" -Wl,--help 2>/dev/null | grep -q no-warn-rwx-segments || link=${link% *}

# guest NAME FLAGS SOURCE...: links an ELF64 image and relabels it ELF32 for multiboot 1 loaders.
guest() {
    name=$1 extra=$2
    shift 2
    # shellcheck disable=SC2086 # flags are words
    "$CC" $flags $extra $link -o "$out/$name.elf64" "$@"
    "$OBJCOPY" -O elf32-i386 "$out/$name.elf64" "$out/$name.new"
    rm "$out/$name.elf64"
    mv "$out/$name.new" "$out/$name"
}

integer_only=-mgeneral-regs-only
guest hello "$integer_only" hello/hello.S
guest demo "$integer_only" runtime/boot.S runtime/guest.c runtime/memory.c runtime/interrupts.c runtime/interrupt_entry.S runtime/acpi.c \
    runtime/smp.c runtime/smp_trampoline.S demo/demo.c
guest integer "$integer_only" runtime/boot.S runtime/guest.c runtime/memory.c compute/integer.c
guest memory "$integer_only" runtime/boot.S runtime/guest.c runtime/memory.c compute/memory.c
guest sse "-msse2 -mfpmath=sse" runtime/boot.S runtime/guest.c runtime/memory.c compute/sse.c
guest fuzz "$integer_only" runtime/boot.S runtime/guest.c runtime/memory.c runtime/interrupts.c runtime/interrupt_entry.S fuzz/fuzz.c
smp="runtime/boot.S runtime/guest.c runtime/memory.c runtime/interrupts.c runtime/interrupt_entry.S runtime/acpi.c runtime/smp.c
    runtime/smp_trampoline.S runtime/cpu.c runtime/attempt.S runtime/paging.c runtime/workers.c runtime/hyperv.c runtime/hypercall.S"
# shellcheck disable=SC2086 # sources are words
guest hypercall "$integer_only" $smp hypercall/*.c hypercall/*.S
# shellcheck disable=SC2086
for name in flushstorm planted gatebench puppet postman; do
    guest $name "$integer_only" $smp $name/$name.c
done
# shellcheck disable=SC2086
guest hvbench "$integer_only" $smp hvbench/*.c
# shellcheck disable=SC2086
guest vsmbench "$integer_only -Isecure -Ihvbench" $smp hvbench/figures.c secure/kernel.c secure/sides.c secure/third.c secure/entry.S vsmbench/vsmbench.c
# shellcheck disable=SC2086
guest vsmdemo "$integer_only -Isecure" $smp secure/kernel.c secure/sides.c secure/third.c secure/entry.S vsmdemo/vsmdemo.c
# shellcheck disable=SC2086
guest secure "$integer_only -Ihypercall" $smp hypercall/checks.c secure/*.c secure/*.S
# For Linux, with its system calls alone: no C library, so that any of the compilers above will do.
# shellcheck disable=SC2086
"$CC" $flags "$integer_only" -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -o $out/stress linux/start.S linux/stress.c runtime/memory.c
touch $out/stamp
