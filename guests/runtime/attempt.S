# A net under code that may fault (cpu.c), and the way to user mode.

#include "registers.inc"

        .text
        .globl  attempt_run, attempt_landing, enter_user

# int attempt_run(struct attempt *slot, void (*body)(void *), void *argument): 0, or 1 where the handler ended it.
attempt_run:
        push_preserved
        mov     %rsp, (%rdi)
        sub     $8, %rsp
        mov     %rsi, %rax
        mov     %rdx, %rdi
        call    *%rax
        add     $8, %rsp
        xor     %eax, %eax
        jmp     restore
attempt_landing:                                # rsp is what attempt_run stored; from whatever state the fault left
        cld
        mov     $1, %eax
restore:
        pop_preserved
        ret

# void enter_user(rip, rsp, rcx, rdx, r8), with interrupts off.
enter_user:
        push    $0x23                           # USER_DATA
        push    %rsi
        push    $2
        push    $0x2b                           # USER_CODE
        push    %rdi
        mov     %rdx, %rax
        mov     %rcx, %rdx
        mov     %rax, %rcx
        iretq

        .section .note.GNU-stack, "", @progbits
