# The process's entry, and the start of a thread.

        .text
        .globl  _start, spawn
_start:
        xor     %ebp, %ebp
        mov     %rsp, %rdi                      # argc, argv
        and     $-16, %rsp
        call    process
        mov     %eax, %edi
        mov     $231, %eax                      # exit_group
        syscall

# long spawn(void *stack_top, void (*run)(void *), void *argument, int *gone): the kernel clears *gone and wakes its futex at the end.
spawn:
        mov     %rsi, -8(%rdi)
        mov     %rdx, -16(%rdi)
        lea     -16(%rdi), %rsi
        mov     %rcx, %r10                      # the child's tid address
        mov     $0x250f00, %edi                 # VM FS FILES SIGHAND THREAD SYSVSEM CHILD_CLEARTID
        xor     %edx, %edx
        xor     %r8d, %r8d
        mov     $56, %eax                       # clone
        syscall
        test    %rax, %rax
        jz      1f
        ret
1:      pop     %rdi
        pop     %rax
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    *%rax
        xor     %edi, %edi
        mov     $60, %eax                       # exit
        syscall

        .section .note.GNU-stack, "", @progbits
