# Into the cage and out of it (cage.h), all on pages that the cage has.

        .set    TOP, 56                         # from the frame that every way out leaves: struct cage from `registers` on
        .set    CR2, 120
        .set    SEEN_CR0, 128
        .set    SEEN_CR4, 136
        .set    SEEN_XCR0, 144
        .set    SEEN_CR3, 152
        .set    IN, 160
        .set    SCRATCH, 200
        .set    VECTORS, 256
        .set    KERNEL_RSP, 4096 + 128
        .set    KERNEL_CR3, KERNEL_RSP + 8
        .set    SPACE, KERNEL_RSP + 16
        .set    INSIDE, KERNEL_RSP + 24
        .set    CR0, KERNEL_RSP + 32
        .set    CR4, KERNEL_RSP + 40
        .set    STEPS, KERNEL_RSP + 48
        .set    GS_BASE, KERNEL_RSP + 56
        .set    IDTR, KERNEL_RSP + 64
        .set    GDTR, KERNEL_RSP + 80
        .set    REGISTERS, 4096

        .globl  cage_enter, cage_out, cage_entries, cage_text, cage_text_end, call_service

#include "registers.inc"

        .text
# uint64_t call_service(operation, argument): a VTL call.
call_service:
        push_preserved
        mov     %rdi, %rdx
        mov     %rsi, %r8
        xor     %ecx, %ecx
        call    *vtl_call_entry
        mov     %rdx, %rax
        pop_preserved
        ret

        .balign 4096
cage_text:
# void cage_enter(struct cage *)
cage_enter:
        push_preserved
        add     $REGISTERS, %rdi
        mov     %rsp, KERNEL_RSP(%rdi)
        incq    STEPS(%rdi)
        movq    $1, INSIDE(%rdi)
        mov     SPACE(%rdi), %rax
        lea     IN(%rdi), %rsp
        mov     %rax, %cr3
        load_registers %rdi
        mov     48(%rdi), %rdi
        iretq

# From an entry below, with the frame on the interrupt stack; or from the secure side, which has put one there.
cage_out:
        cmpq    $0, TOP + INSIDE(%rsp)
        je      not_inside
        store_registers %rsp, TOP
        mov     %rdi, TOP + 48(%rsp)
        lea     TOP(%rsp), %rdi
        cld
        mov     %cr2, %rax
        mov     %rax, CR2(%rdi)
        mov     %cr3, %rax
        mov     %rax, SEEN_CR3(%rdi)
        mov     KERNEL_CR3(%rdi), %rax
        mov     %rax, %cr3
        # The secure side may refuse every write of a register: then none has been changed.
        mov     %cr0, %rax
        mov     %rax, SEEN_CR0(%rdi)
        cmp     CR0(%rdi), %rax
        je      1f
        mov     CR0(%rdi), %rax
        mov     %rax, %cr0
1:      mov     %cr4, %rax
        mov     %rax, SEEN_CR4(%rdi)
        cmp     CR4(%rdi), %rax
        je      1f
        mov     CR4(%rdi), %rax
        mov     %rax, %cr4
1:      xor     %ecx, %ecx
        xgetbv
        mov     %rax, SEEN_XCR0(%rdi)
        cmp     $7, %eax
        je      1f
        mov     $7, %eax
        xor     %edx, %edx
        xsetbv
1:      sgdt    SCRATCH(%rdi)
        mov     SCRATCH(%rdi), %rax
        cmp     GDTR(%rdi), %rax
        jne     2f
        movzwl  SCRATCH + 8(%rdi), %eax
        cmp     GDTR + 8(%rdi), %ax
        je      1f
2:      lgdt    GDTR(%rdi)
1:      sidt    SCRATCH(%rdi)
        mov     SCRATCH(%rdi), %rax
        cmp     IDTR(%rdi), %rax
        jne     2f
        movzwl  SCRATCH + 8(%rdi), %eax
        cmp     IDTR + 8(%rdi), %ax
        je      1f
2:      lidt    IDTR(%rdi)
1:      mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $0xc0000101, %ecx
        mov     GS_BASE(%rdi), %eax
        mov     GS_BASE + 4(%rdi), %edx
        wrmsr
        mov     $7, %eax
        xor     %edx, %edx
        xsave64 VECTORS(%rdi)
        movq    $0, INSIDE(%rdi)
        mov     KERNEL_RSP(%rdi), %rsp
        pop_preserved
        ret
not_inside:                                     # the kernel's own
        jmp     interrupt_common

        .balign 16
cage_entries:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
        push    $0
        .endif
        pushq   $vector
        jmp     cage_out
        .set    vector, vector + 1
        .endr

# Pieces of kernel code. Before each: RAX, RBX, RBP, RSI, RDI, R10 whatever (addresses in the window more often than not), RCX a
# count, RDX a port, R8
# an address in the hidden page, R9 a table register's image in open memory, R11 user code, R12 an address on 64 bytes in or before a hidden page, R13
# one in an open page, R14 a hidden page's physical address, R15 an open one's, RSP a stack of the cage's.
        .macro  piece code
        .pushsection .rodata.pieces, "a"
        .quad   piece_\@
        .popsection
piece_\@:
        \code
        int3
        .endm

# The way out of long mode, to tables at ESI that paging without it has: PDPTEs, or a page directory. Whoever gets this far is brought back.
        .macro  narrow name, pae
        .code32
\name:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %ss
        mov     %cr0, %eax
        btr     $31, %eax                       # PG
        mov     %eax, %cr0
        mov     $0xc0000080, %ecx               # EFER.LME
        rdmsr
        btr     $8, %eax
        wrmsr
        .if     \pae == 0
        mov     %cr4, %eax
        btr     $5, %eax
        bts     $4, %eax                        # PSE
        mov     %eax, %cr4
        .endif
        mov     %esi, %cr3
        mov     %cr0, %eax
        bts     $31, %eax
        mov     %eax, %cr0
        mov     (%ebx), %eax
        ud2
        .code64
        .endm
        narrow  to_pae, 1
        narrow  to_32_bits, 0

        .pushsection .rodata.pieces, "a"
        .balign 8
        .globl  cage_snippets, cage_snippets_end
cage_snippets:
        .popsection
        .include "secure/pieces.inc"
        .pushsection .rodata.pieces, "a"
cage_snippets_end:
        .popsection
        .balign 4096
cage_text_end:

        .section .note.GNU-stack, "", @progbits
