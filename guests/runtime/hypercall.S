# Hypercalls that need more registers than C will give: see hyperv.h.

#include "registers.inc"

        .text
        .globl  hypercall_raw, hypercall_xmm, hypercall_32

# void hypercall_raw(struct hv_registers *)
hypercall_raw:
        push_preserved
        push    %rdi
        movdqu  128(%rdi), %xmm0
        movdqu  144(%rdi), %xmm1
        movdqu  160(%rdi), %xmm2
        movdqu  176(%rdi), %xmm3
        movdqu  192(%rdi), %xmm4
        movdqu  208(%rdi), %xmm5
        load_registers %rdi
        pushq   120(%rdi)
        popfq
        mov     48(%rdi), %rdi
        call    *hypercall_entry
        push    %rdi
        pushfq
        mov     16(%rsp), %rdi
        popq    120(%rdi)
        popq    48(%rdi)
        store_registers %rdi
        movdqu  %xmm0, 128(%rdi)
        movdqu  %xmm1, 144(%rdi)
        movdqu  %xmm2, 160(%rdi)
        movdqu  %xmm3, 176(%rdi)
        movdqu  %xmm4, 192(%rdi)
        movdqu  %xmm5, 208(%rdi)
        cld
        pop     %rdi
        pop_preserved
        ret

# uint64_t hypercall_xmm(uint64_t control, uint64_t block[14])
hypercall_xmm:
        mov     %rdi, %rcx
        bts     $16, %rcx                       # fast
        movdqu  16(%rsi), %xmm0
        movdqu  32(%rsi), %xmm1
        movdqu  48(%rsi), %xmm2
        movdqu  64(%rsi), %xmm3
        movdqu  80(%rsi), %xmm4
        movdqu  96(%rsi), %xmm5
        mov     0(%rsi), %rdx
        mov     8(%rsi), %r8
        call    *hypercall_entry
        mov     %rdx, 0(%rsi)
        mov     %r8, 8(%rsi)
        movdqu  %xmm0, 16(%rsi)
        movdqu  %xmm1, 32(%rsi)
        movdqu  %xmm2, 48(%rsi)
        movdqu  %xmm3, 64(%rsi)
        movdqu  %xmm4, 80(%rsi)
        movdqu  %xmm5, 96(%rsi)
        ret

# uint64_t hypercall_32(uint64_t control, uint64_t input, uint64_t output): stack and page lie below 4 GiB.
hypercall_32:
        push_preserved
        mov     hypercall_entry, %ebp
        mov     %rsp, %r12                      # compatibility mode cannot reach it
        mov     %edi, %eax                      # EDX:EAX, the control word
        shr     $32, %rdi
        mov     %rdx, %r8
        mov     %edi, %edx
        mov     %esi, %ecx                      # EBX:ECX, the input
        shr     $32, %rsi
        mov     %esi, %ebx
        mov     %r8d, %esi                      # EDI:ESI, the output
        shr     $32, %r8
        mov     %r8d, %edi
        ljmp    *to_32
        .code32
in_32:
        call    *%ebp
        ljmp    $0x08, $back_in_64
        .code64
back_in_64:
        mov     %r12, %rsp
        mov     %eax, %eax
        shl     $32, %rdx
        or      %rdx, %rax
        pop_preserved
        ret

        .section .rodata
        .align  8
to_32:  .long   in_32
        .word   0x18

        .section .note.GNU-stack, "", @progbits
