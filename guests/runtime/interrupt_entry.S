# 256 entries of 16 bytes that push the vector (and a zero where the processor pushes no error code), then the way to C.

        .text
        .align  16
        .globl  interrupt_entries, interrupt_common
interrupt_entries:
        .set    vector, 0
        .rept   256
        .align  16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
        push    $0
        .endif
        pushq   $vector
        jmp     interrupt_common
        .set    vector, vector + 1
        .endr

interrupt_common:
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
        lea     88(%rsp), %rdi                  # the frame, from the vector on
        mov     %rsp, %rbp                      # rbp survives the call; the stack may be misaligned here
        and     $-16, %rsp
        cld
        call    interrupt_taken
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

        .section .note.GNU-stack, "", @progbits
