# The smallest guest: prints one line on the serial port and on the debug console, then ends the machine with status 1.

        .section .multiboot, "a"
        .align  4
        .long   0x1badb002, 0, -0x1badb002

        .text
        .code32
        .globl  _start
_start: mov     $message, %esi
1:      lodsb
        test    %al, %al
        jz      3f
        mov     %al, %bl
        mov     $0x3fd, %dx                     # wait for the transmitter
2:      in      %dx, %al
        test    $0x20, %al
        jz      2b
        mov     %bl, %al
        mov     $0x3f8, %dx
        out     %al, %dx
        out     %al, $0xe9
        jmp     1b
3:      xor     %eax, %eax
        out     %eax, $0xf4                     # isa-debug-exit: status (0 << 1) | 1
4:      cli
        hlt
        jmp     4b

        .section .rodata
message: .asciz "Hello from inside.\n"

        .section .note.GNU-stack, "", @progbits
