# Calls from other code than 64-bit code of the kernel (caller.h).

#include "registers.inc"

        .text
        .globl  call_as_caller, caller_reads, caller_code, real_code, real_code_end, real_instruction
        .globl  ended_64_3, ended_64_6, ended_64_13, ended_32_3, ended_32_6, ended_32_13, real_ended_3, real_ended_6, real_ended_13

        .set    GIVEN, 0                        # EAX, ECX, EDX, EBX, EBP, ESI, EDI
        .set    BACK, 28
        .set    VECTOR, 56                      # of the exception that ended it, and what that pushed
        .set    AT, 60
        .set    CS_AT, 64
        .set    FLAGS_AT, 68
        .set    ENTRY, 72
        .set    LEGACY, 76
        .set    REAL, 80
        .set    CR0_BITS, 84
        .set    CR3, 88
        .set    CR4, 92
        .set    FRAME_SIZE, 96
        .set    FRAME, 100                      # for IRET

        .set    CODE_32, 0x18
        .set    CODE_16, 0x20
        .set    DATA_16, 0x28
        .set    TASK_32, 0x30
        .set    EFER, 0xc0000080
        .set    REAL_CODE, 0x71000              # where caller.c copies real_code
        .set    REAL_DATA, 0x72000              # and the structure

        .macro  load from, segment=
        mov     \segment\from + GIVEN + 4, %ecx
        mov     \segment\from + GIVEN + 8, %edx
        mov     \segment\from + GIVEN + 12, %ebx
        mov     \segment\from + GIVEN + 16, %ebp
        mov     \segment\from + GIVEN + 20, %esi
        mov     \segment\from + GIVEN + 24, %edi
        mov     \segment\from + GIVEN, %eax
        .endm
        .macro  store to, segment=
        mov     %eax, \segment\to + BACK
        mov     %ecx, \segment\to + BACK + 4
        mov     %edx, \segment\to + BACK + 8
        mov     %ebx, \segment\to + BACK + 12
        mov     %ebp, \segment\to + BACK + 16
        mov     %esi, \segment\to + BACK + 20
        mov     %edi, \segment\to + BACK + 24
        .endm

# void call_as_caller(void): goes where `caller` says, has the call made there, and comes back when an exception ends it. What
# GS and TR have then is the caller's to restore.
call_as_caller:
        push_preserved
        pushfq
        cli
        sgdt    kept_gdt
        sidt    kept_idt
        mov     %rsp, kept_rsp
        mov     %cr0, %rax
        mov     %rax, kept_cr0
        mov     %cr3, %rax
        mov     %rax, kept_cr3
        mov     %cr4, %rax
        mov     %rax, kept_cr4
        lgdt    caller_gdt_pointer
        lidt    caller_idt_64_pointer
        ljmp    *to_compatibility
        .code32
compatibility:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $caller_stack + 4096, %esp
        cmpl    $0, caller + LEGACY
        je      go
        mov     %cr0, %eax                      # out of long mode (SDM 10.8.5.4)
        and     $0x7fffffff, %eax
        mov     %eax, %cr0
        mov     $EFER, %ecx
        rdmsr
        and     $~0x100, %eax
        wrmsr
        mov     caller + CR4, %eax
        mov     %eax, %cr4
        mov     caller + CR3, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      caller + CR0_BITS, %eax
        mov     %eax, %cr0
        lidt    caller_idt_32_pointer
        mov     $TASK_32, %eax
        ltr     %ax
        cmpl    $0, caller + REAL
        jne     to_real
go:     mov     caller + FRAME_SIZE, %ecx
        sub     %ecx, %esp
        mov     $caller + FRAME, %esi
        mov     %esp, %edi
        cld
        rep movsb
        load    caller
        iretl

# What IRET goes to, at any privilege level: only CS is sure to be readable.
caller_code:
        call    *%cs:caller + ENTRY
        int3

# Something else to be called: a load.
caller_reads:
        mov     %cs:caller_letter, %ebx
        ret

        .macro  ending_32 vector, error
ended_32_\vector:
        .if     \error
        add     $4, %esp
        .endif
        movl    $\vector, %ss:caller + VECTOR
        jmp     ended_32
        .endm
        ending_32 3, 0
        ending_32 6, 0
        ending_32 13, 1
ended_32:
        store   caller, %ss:
        popl    %ss:caller + AT
        popl    %ss:caller + CS_AT
        popl    %ss:caller + FLAGS_AT
back_to_long_mode:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $caller_stack + 4096, %esp
        mov     %cr0, %eax
        and     $0x7fffffff, %eax
        mov     %eax, %cr0
        mov     kept_cr4, %eax
        mov     %eax, %cr4
        mov     kept_cr3, %eax
        mov     %eax, %cr3
        mov     $EFER, %ecx
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     kept_cr0, %eax
        mov     %eax, %cr0
        ljmp    $0x08, $back

        .code64
        .macro  ending_64 vector, error
ended_64_\vector:
        .if     \error
        lea     8(%rsp), %rsp
        .endif
        movl    $\vector, caller + VECTOR
        jmp     ended_64
        .endm
        ending_64 3, 0
        ending_64 6, 0
        ending_64 13, 1
ended_64:
        store   caller
        pop     %rax
        mov     %eax, caller + AT
        pop     %rax
        mov     %eax, caller + CS_AT
        pop     %rax
        mov     %eax, caller + FLAGS_AT
back:
        lgdt    kept_gdt
        lidt    kept_idt
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     kept_rsp, %rsp
        popfq
        pop_preserved
        ret

        .code32
to_real:
        lidt    real_idt_pointer
        ljmp    $CODE_16, $0

        .code16
real_code:                                      # at REAL_CODE
        mov     $DATA_16, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        mov     %ax, %ss
        mov     %cr0, %eax
        and     $0xfe, %al
        mov     %eax, %cr0
        ljmp    $(REAL_CODE >> 4), $(1f - real_code)
1:      mov     $(REAL_DATA >> 4), %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x1000, %sp
        load    0
real_instruction:                               # also of virtual 8086 mode; caller.c puts the hypercall page's first one here
        nop
        nop
        nop
        int3
        .macro  ending_real vector
real_ended_\vector:
        movl    $\vector, VECTOR
        jmp     real_ended
        .endm
        ending_real 3
        ending_real 6
        ending_real 13                          # without an error code
real_ended:
        store   0
        popw    AT
        popw    CS_AT
        popw    FLAGS_AT
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $CODE_32, $back_to_long_mode
real_code_end:

        .section .rodata
        .align  8
to_compatibility:
        .long   compatibility
        .word   CODE_32

        .bss
        .align  16
kept_rsp: .skip 8
kept_cr0: .skip 8
kept_cr3: .skip 8
kept_cr4: .skip 8
kept_gdt: .skip 16
kept_idt: .skip 16

        .section .note.GNU-stack, "", @progbits
