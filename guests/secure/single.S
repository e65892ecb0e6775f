# One instruction with every general register given, and what it leaves in them (random2.c: struct single).

        .text
        .globl  single_step, single_landing

# void single_step(struct single *single)
single_step:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rdi, single_current
        mov     %rsp, 160(%rdi)
        push    152(%rdi)                       # SS, RSP, RFLAGS, CS, RIP
        push    128(%rdi)
        push    136(%rdi)
        push    144(%rdi)
        push    120(%rdi)
        mov     0(%rdi), %rax
        mov     8(%rdi), %rcx
        mov     16(%rdi), %rdx
        mov     24(%rdi), %rbx
        mov     32(%rdi), %rbp
        mov     40(%rdi), %rsi
        mov     56(%rdi), %r8
        mov     64(%rdi), %r9
        mov     72(%rdi), %r10
        mov     80(%rdi), %r11
        mov     88(%rdi), %r12
        mov     96(%rdi), %r13
        mov     104(%rdi), %r14
        mov     112(%rdi), %r15
        mov     48(%rdi), %rdi
        iretq
single_landing:                                 # RSP is as it was, the others are as the instruction has left them
        push    %rdi
        mov     single_current, %rdi
        mov     %rax, 0(%rdi)
        mov     %rcx, 8(%rdi)
        mov     %rdx, 16(%rdi)
        mov     %rbx, 24(%rdi)
        mov     %rbp, 32(%rdi)
        mov     %rsi, 40(%rdi)
        mov     %r8, 56(%rdi)
        mov     %r9, 64(%rdi)
        mov     %r10, 72(%rdi)
        mov     %r11, 80(%rdi)
        mov     %r12, 88(%rdi)
        mov     %r13, 96(%rdi)
        mov     %r14, 104(%rdi)
        mov     %r15, 112(%rdi)
        pop     48(%rdi)
        fxsave  176(%rdi)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

        .bss
single_current:
        .quad   0
        .globl  single_current

        .section .note.GNU-stack, "", @progbits
