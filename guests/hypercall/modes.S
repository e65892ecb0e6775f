# Code that runs in user and real mode, copied to where it runs.

        .section .rodata
        .globl  user_call, user_call_end, user_tables, user_tables_end, real_caller, real_caller_end

        .code64
user_call:                                      # the hypercall page is the page after this one
        lea     user_call + 4096(%rip), %rax
        call    *%rax
        int3
user_call_end:

user_tables:                                    # rdx: which
        lea     -16(%rsp), %rax
        test    %rdx, %rdx
        jz      1f
        cmp     $2, %rdx
        jb      2f
        je      3f
        str     %rax
        ud2
1:      sgdt    (%rax)
        ud2
2:      sidt    (%rax)
        ud2
3:      sldt    %rax
        ud2
user_tables_end:

# At 0x71000, with the hypercall page at 0x70000: a near call in segment 0x7000 reaches it.
        .code16
real_caller:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x7000, %sp
        movw    $(0x1000 + real_ud - real_caller), 6 * 4
        movw    $0x7000, 6 * 4 + 2
        ljmp    $0x7000, $(0x1000 + 1f - real_caller)
1:      mov     $0x3fff, %ecx
        xor     %edx, %edx
        mov     $0x13fff, %eax
        mov     $real_caller - real_caller, %bx
        call    *%bx
        mov     $2, %al
        jmp     real_end
real_ud:
        mov     $1, %al
real_end:
        mov     $0x7200, %bx
        mov     %bx, %ds
        mov     %al, 0
1:      cli
        hlt
        jmp     1b
real_caller_end:

        .section .note.GNU-stack, "", @progbits
