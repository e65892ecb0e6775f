# A secure side in 32-bit protected mode: what narrow.c's struct narrow says. It knows no more than how to begin, what to do about
# a call and an intercept, and how to leave.

        .text
        .globl  narrow_start
        .code32

        .set    BEGUN, 0
        .set    ENTRIES, 4
        .set    REASON, 8
        .set    CONTROL, 12
        .set    SEEN, 16                        # EAX, ECX, EDX, EBX, EBP, ESI, EDI
        .set    GIVEN, 44                       # EBX, EBP, ESI, EDI
        .set    CALL_ENTRY, 60
        .set    RETURN_ENTRY, 64
        .set    RESULT, 68
        .set    CALLS, 72                       # control words of up to four hypercalls at the next entry, and their inputs
        .set    CONFIG, 104                     # the same for its beginning

        .macro  msr number, value
        mov     $\number, %ecx
        mov     \value, %eax
        xor     %edx, %edx
        wrmsr
        .endm

narrow_start:
        cld
        mov     %eax, narrow + SEEN
        mov     %ecx, narrow + SEEN + 4
        mov     %edx, narrow + SEEN + 8
        mov     %ebx, narrow + SEEN + 12
        mov     %ebp, narrow + SEEN + 16
        mov     %esi, narrow + SEEN + 20
        mov     %edi, narrow + SEEN + 24
        msr     0x40000000, $0x1234             # guest OS id
        msr     0x40000001, $narrow_pages + 1   # hypercall page
        msr     0x40000073, $narrow_pages + 0x1001 # assist page
        msr     0x40000080, $1
        msr     0x40000083, $narrow_pages + 0x2001 # messages
        msr     0x40000090, $0x10050            # source 0, masked
        movl    $narrow_pages, narrow + CALL_ENTRY
        mov     $narrow + CONFIG, %ebp
        call    run_calls
        mov     narrow_pages + 0x3000, %eax     # the last one's output: offsets of the ways up and down
        shr     $12, %eax
        and     $0xfff, %eax
        add     $narrow_pages, %eax
        mov     %eax, narrow + RETURN_ENTRY
        incl    narrow + BEGUN
leave:
        incl    narrow + ENTRIES
        mov     narrow + GIVEN, %ebx
        mov     narrow + GIVEN + 4, %ebp
        mov     narrow + GIVEN + 8, %esi
        mov     narrow + GIVEN + 12, %edi
        cmpl    $3, narrow + REASON             # whoever was interrupted in the middle finds all as it was
        jne     1f
        mov     narrow + SEEN + 12, %ebx
        mov     narrow + SEEN + 16, %ebp
        mov     narrow + SEEN + 20, %esi
        mov     narrow + SEEN + 24, %edi
1:      mov     narrow + CONTROL, %eax
        xor     %edx, %edx
        call    *narrow + RETURN_ENTRY
        mov     %eax, narrow + SEEN
        mov     %ecx, narrow + SEEN + 4
        mov     %edx, narrow + SEEN + 8
        mov     %ebx, narrow + SEEN + 12
        mov     %ebp, narrow + SEEN + 16
        mov     %esi, narrow + SEEN + 20
        mov     %edi, narrow + SEEN + 24
        mov     narrow_pages + 0x1008, %eax
        mov     %eax, narrow + REASON
        movl    $0, narrow_pages + 0x2000       # whatever the message was
        mov     $narrow + CALLS, %ebp
        call    run_calls
        jmp     leave

# Makes hypercalls by the words at EBP: low and high half of the control word, up to one that is zero; inputs are pages of their own.
run_calls:
        mov     $narrow_inputs, %ecx
1:      mov     0(%ebp), %eax
        mov     4(%ebp), %edx
        test    %eax, %eax
        jz      2f
        push    %ecx
        push    %ebp
        xor     %ebx, %ebx
        xor     %edi, %edi
        mov     $narrow_pages + 0x3000, %esi
        call    *narrow + CALL_ENTRY
        pop     %ebp
        pop     %ecx
        mov     %eax, narrow + RESULT
        add     $0x100, %ecx
        add     $8, %ebp
        jmp     1b
2:      ret

        .section .note.GNU-stack, "", @progbits
