# Where a start-up IPI sends an application processor: real mode, CS = 0x800, copied to 0x8000 by smp_start.

        .set    HERE, 0x8000

        .section .rodata
        .globl  smp_trampoline, smp_trampoline_end
        .code16
smp_trampoline:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        lgdtl   HERE + (trampoline_gdt_pointer - smp_trampoline)
        mov     %cr0, %eax
        or      $1, %eax
        mov     %eax, %cr0
        ljmpl   $0x08, $HERE + (protected - smp_trampoline)

        .code32
protected:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     smp_stack, %esp
        mov     $enter_long_mode, %eax          # absolute: this code is not where it was linked
        call    *%eax
        ljmp    $0x08, $smp_long_mode           # the table is boot.S's now, with 64-bit code at 0x08

        .align  8
trampoline_gdt:
        .quad   0
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff
trampoline_gdt_pointer:
        .word   . - trampoline_gdt - 1
        .long   HERE + (trampoline_gdt - smp_trampoline)
smp_trampoline_end:

        .text
        .code64
smp_long_mode:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %fs
        mov     %eax, %gs
        mov     smp_stack, %rsp
        mov     smp_index, %rdi
        xor     %ebp, %ebp
        call    smp_arrive

        .section .note.GNU-stack, "", @progbits
