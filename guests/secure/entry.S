# The ways between the two sides, and the secure side's interrupts.

#include "registers.inc"

        .text
        .globl  vtl_call, secure_start, secure_leave, third_start, third_leave, third_enter, narrow_leave, secure_entries, spin_with_registers

# void vtl_call(control): the secure side may change every register but the stack's.
vtl_call:
        push_preserved
        mov     %rdi, %rcx
        call    *vtl_call_entry
        pop_preserved
        ret

# Where the secure side of a processor begins: its index is on the stack, general registers are the normal side's.
secure_start:
        cld
        pop     %rdi
        xor     %ebp, %ebp
        call    secure_main
        ud2

# The same for the third side (third.c), which is entered from the secure one.
third_start:
        cld
        pop     %rdi
        xor     %ebp, %ebp
        call    third_main
        ud2

# void third_enter(void): a VTL call by the secure side. Every register but RAX and RCX comes back as it was, or as the third side
# has made it.
third_enter:
        push_preserved
        xor     %ecx, %ecx
        call    *secure + 16                    # up: struct ways
        pop_preserved
        ret

# void secure_leave(struct shared *, control): goes back with general registers as in the structure, except RAX and RCX, which
# are the assist page's or, on a fast return, the sequence's. Returns on the next entry, whatever its reason: then the
# structure has what the normal side left in all of them.
        .macro  leaving name, entry
\name:
        push_preserved
        push    %rdi
        mov     %rsi, %rcx
        mov     %rdi, %rax
        mov     16(%rax), %rdx
        mov     24(%rax), %rbx
        mov     32(%rax), %rbp
        mov     40(%rax), %rsi
        mov     48(%rax), %rdi
        mov     56(%rax), %r8
        mov     64(%rax), %r9
        mov     72(%rax), %r10
        mov     80(%rax), %r11
        mov     88(%rax), %r12
        mov     96(%rax), %r13
        mov     104(%rax), %r14
        mov     112(%rax), %r15
        call    *\entry
        push    %rax
        mov     8(%rsp), %rax
        mov     %rcx, 8(%rax)
        mov     %rdx, 16(%rax)
        mov     %rbx, 24(%rax)
        mov     %rbp, 32(%rax)
        mov     %rsi, 40(%rax)
        mov     %rdi, 48(%rax)
        mov     %r8, 56(%rax)
        mov     %r9, 64(%rax)
        mov     %r10, 72(%rax)
        mov     %r11, 80(%rax)
        mov     %r12, 88(%rax)
        mov     %r13, 96(%rax)
        mov     %r14, 104(%rax)
        mov     %r15, 112(%rax)
        pop     %rcx
        mov     %rcx, 0(%rax)
        pop     %rdi
        pop_preserved
        ret
        .endm
        leaving secure_leave, secure            # down
        leaving third_leave, third_ways

# void narrow_leave(uint32_t control, uint32_t entry), of the secure side: leaves it by 32-bit code of compatibility mode. Returns on
# the next entry. Descriptor 3 is 32-bit code.
narrow_leave:
        push_preserved
        mov     %edi, %eax
        mov     %esi, %ebx
        ljmp    *to_narrow_leave
        .code32
in_narrow_leave:
        call    *%ebx
        ljmp    $0x08, $1f
        .code64
1:      pop_preserved
        ret

# int spin_with_registers(volatile uint64_t *counter), with interrupts off: waits until it is not 0, with a pattern in every register.
# Returns whether all are as they were.
spin_with_registers:
        push_preserved
        mov     $0x1000000000000001, %rax
        lea     1(%rax), %rcx
        lea     2(%rax), %rdx
        lea     3(%rax), %rbx
        lea     4(%rax), %rbp
        lea     5(%rax), %rsi
        lea     7(%rax), %r8
        lea     8(%rax), %r9
        lea     9(%rax), %r10
        lea     10(%rax), %r11
        lea     11(%rax), %r12
        lea     12(%rax), %r13
        lea     13(%rax), %r14
        lea     14(%rax), %r15
1:      pause
        cmpq    $0, (%rdi)
        je      1b
        .macro  same register, distance
        lea     -\distance(\register), \register
        cmp     %rax, \register
        jne     2f
        .endm
        same    %rcx, 1
        same    %rdx, 2
        same    %rbx, 3
        same    %rbp, 4
        same    %rsi, 5
        same    %r8, 7
        same    %r9, 8
        same    %r10, 9
        same    %r11, 10
        same    %r12, 11
        same    %r13, 12
        same    %r14, 13
        same    %r15, 14
        mov     $0x1000000000000001, %rcx
        cmp     %rcx, %rax
        jne     2f
        mov     $1, %eax
        jmp     3f
2:      xor     %eax, %eax
3:      pop_preserved
        ret

        .align  16
secure_entries:
        .set    vector, 0
        .rept   256
        .align  16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
        push    $0
        .endif
        pushq   $vector
        jmp     secure_common
        .set    vector, vector + 1
        .endr

secure_common:
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        lea     88(%rsp), %rdi
        mov     %rsp, %rbp
        and     $-16, %rsp
        cld
        call    secure_interrupt
        mov     %rbp, %rsp
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        add     $16, %rsp
        iretq

        .section .rodata
        .align  8
to_narrow_leave:
        .long   in_narrow_leave
        .word   0x18

        .section .note.GNU-stack, "", @progbits
