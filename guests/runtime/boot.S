# Entry of every long-mode guest: multiboot 1 header, then 32-bit protected mode to 64-bit long mode.
# The image is linked as ELF64 and relabelled ELF32 (make.sh), because multiboot 1 loaders take ELF32 only.

        .set    MULTIBOOT_MAGIC, 0x1badb002
        .set    MULTIBOOT_FLAGS, 3              # page-aligned modules, memory information

        .section .multiboot, "a"
        .align  4
        .long   MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

        .text
        .code32
        .globl  _start
_start:
        cld
        mov     $boot_stack_top, %esp
        mov     %ebx, multiboot_info
        call    build_page_tables
        call    enter_long_mode                 # returns in a 32-bit code segment of long mode
        ljmp    $0x08, $start64

# Identity-maps the low 4 GiB in 2 MiB pages: 1 GiB pages are not everywhere.
build_page_tables:
        mov     $page_directory, %edi
        mov     $0x83, %eax                     # present, writable, 2 MiB
        mov     $2048, %ecx
1:      mov     %eax, (%edi)
        movl    $0, 4(%edi)
        add     $0x200000, %eax
        add     $8, %edi
        loop    1b
        mov     $page_directory_pointers, %edi
        mov     $page_directory + 3, %eax
        mov     $4, %ecx
2:      mov     %eax, (%edi)
        add     $0x1000, %eax
        add     $8, %edi
        loop    2b
        movl    $page_directory_pointers + 3, page_map
        ret

# Also the way of the application processors (smp_trampoline.S). SDM 10.8.5: PAE, CR3, LME, PG.
        .globl  enter_long_mode
enter_long_mode:
        mov     $0x620, %eax                    # PAE, OSFXSR, OSXMMEXCPT
        mov     %eax, %cr4
        mov     $page_map, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx               # EFER
        rdmsr
        or      $0x100, %eax                    # LME
        wrmsr
        mov     %cr0, %eax
        and     $~0x0c, %eax                    # EM and TS off: SSE works
        or      $0x80000022, %eax               # PG, NE, MP
        mov     %eax, %cr0
        lgdt    gdt_pointer
        ret

        .code64
start64:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $boot_stack_top, %rsp
        xor     %ebp, %ebp
        mov     multiboot_info, %edi
        call    guest_start
        mov     %eax, %edi
        call    exit_vm

        .section .rodata
        .align  8
gdt:    .quad   0
        .quad   0x00af9b000000ffff              # 0x08: 64-bit code
        .quad   0x00cf93000000ffff              # 0x10: data
        .quad   0x00cf9b000000ffff              # 0x18: 32-bit code, for the trampoline
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt
        .long   0

        .bss
        .align  4096
page_map:                 .skip 4096
page_directory_pointers:  .skip 4096
page_directory:           .skip 4 * 4096
boot_stack:               .skip 16384
boot_stack_top:
multiboot_info:           .skip 4

        .section .note.GNU-stack, "", @progbits
