package portcullis.app;

import java.util.List;

/** Of the hundreds of lines that the guest {@code secure} prints, some that a mistake in its own flow must not lose. */
final class SecureGuestSays {
    private SecureGuestSays() {}

    /** On one processor and more. */
    static final List<String> ALWAYS = List.of(
            "before: a call of a level that nobody has enabled",
            "enable: level 1",
            "enable a context: in real mode",
            "enable: it on processor 0",
            "switch: a call from user mode",
            "switch: a restoring return gives RAX from the page",
            "switch R15: comes down",
            "caller compatibility mode: the secure side has heard it",
            "caller compatibility mode: a return",
            "caller compatibility mode at level 1: a call",
            "caller protected mode: a restoring return gives EAX from the page",
            "caller protected mode with paging: a call with the highest bit",
            "caller protected mode with PAE: a load is told",
            "caller protected mode at level 3: a call",
            "caller virtual 8086 mode: a call",
            "caller virtual 8086 mode with paging: in the mode that it was",
            "caller real mode: a call",
            "caller real mode: with the registers as they were",
            "caller 32-bit code of the secure side: the next call goes on behind the return",
            "state STAR: the normal side keeps its own",
            "state DR3: the secure side sees the normal side's",
            "names RIP: the secure side keeps its own 0x0",
            "names SINT: the normal side keeps its own 0xf",
            "names YMM, high: so does the normal side's 0xf",
            "names MTRR fixed: so does the secure side's 0xa",
            "names: the run time is shared",
            "protection: by the normal side",
            "protection reading: a store",
            "secret a load: is stopped",
            "secret as a page table: it finds nothing",
            "secret as a hypercall's output: the secure side is told",
            "secret: it is nowhere in the normal side's memory",
            "secret: nobody has changed it",
            "message of a load: physical address",
            "message of user code: execution state",
            "message answered: by doing it for the normal side",
            "walk a store that sets the dirty bit: of the entry",
            "walk a store that sets both bits, permitted: is done",
            "walk an exception whose frame goes to a hidden stack: is raised once that is permitted",
            "walk an interrupt whose frame goes to a hidden stack: with an event that waits",
            "lock a translation: says that it may not be read",
            "interrupt a timer of the secure side: finds all registers and leaves them",
            "interrupt one that waits when the secure side returns: brings it back at once",
            "interrupt an IPI by the normal side: to the secure one",
            "interrupt notification of what was there before the entry: comes",
            "interrupt notification of the normal side's: comes with the first",
            "wake RFLAGS by the secure side above: which it is notified of",
            "enable a context: without a task",
            "enable a context: enables nothing",
            "overlay an output page that may be read: intercepts",
            "overlay the hypercall page: is an intercept of a fetch",
            "overlay the normal side's message page: has what came, when it is open",
            "overlay code in the message page: is not executed 0x90000000",
            "overlay the message page over a page that may be read: but again when it may not",
            "overlay code in the assist page: and what it covered is what it was 0x5",
            "busy several intercepts, with the slot in use: all come, one after the other",
            "busy more than can wait: so many messages are kept",
            "dma the entropy device: does not write there",
            "dma the firmware's device: nor finds orders there",
            "register the control register: refuses bit 0x19",
            "register MOV to CR0: the secure side refuses it",
            "register MOV to CR0 that changes nothing: value or address",
            "register LMSW: nothing has happened",
            "register LGDT: memory operand",
            "register LTR: and nobody is told",
            "register RDMSR of EFER: RAX",
            "register WRMSR of a hash of SGX: not watched it does what it does",
            "register CLTS: is a write of CR0 without TS",
            "register done by the secure side: a write of LSTAR is one",
            "register message at a higher priority: CR8",
            "register a mask: lets bits change that are not in it",
            "register written by hypercall: EFER",
            "register with the slot in use: and says that one waits",
            "other a device's interrupt by the 8259, while the secure side runs: comes to the normal side behind the return",
            "other notification that is asked for when the normal side's interrupt is there: comes",
            "service: it signs");

    /** On two processors and more, as well. */
    static final List<String> WITH_SEVERAL_PROCESSORS = List.of(
            "enable: from above on processor 0x1",
            "lock an inhibit by translation: a flush waits for it",
            "lock a lock again: a flush waits for it",
            "lock a lock, cleared: which lets the flush pass",
            "lock: no flush passes in 64 rounds",
            "lock waiting for locks: keeps the normal side out until the lock is gone",
            "register on another processor: is told there",
            "register on another processor: until it asks no more",
            "interrupt INIT by the normal side: is dropped where there is a secure side",
            "other registers of a processor on its secure side: XMM 0xf",
            "other registers of a processor on its secure side: a page fault, which would set CR2",
            "other registers of a processor on its secure side: as the normal side does when it is left",
            "other an inhibit of a secure side: stays",
            "other an inhibit of a secure side: by another processor's normal side",
            "wake RFLAGS of one that sleeps: the interrupt comes",
            "wake RFLAGS of one that runs: the interrupt comes",
            "wake CR8 of one that sleeps: the interrupt comes",
            "wake CR8 of one that runs: the interrupt comes",
            "wake the interrupt shadow of one that sleeps: the interrupt comes",
            "wake the activity of one that sleeps: it goes on",
            "wake CR8 of a secure side above one that sleeps: the interrupt comes");

    /** With a third level and two processors, as well. */
    static final List<String> WITH_A_THIRD_LEVEL = List.of(
            "third: by the third side on processor 0x1",
            "third: each level has its own, level 0x2",
            "third a page that the third level hides from the secure one: the third is told",
            "third one that both hide: and then the third",
            "third an interrupt for each of both: to the highest first",
            "third a lock of the secure side: and holds",
            "third a lock of the third side: ends when it is left, with the secure side running on",
            "third an inhibit by translation of each: holds when the third is left",
            "third the secure side locked by the third: until the third is left",
            "other an inhibit of a third side: stays",
            "other an inhibit of a third side: its registers are not the secure side's to read",
            "third-register: which the secure side does not notice",
            "third-register: where both watch, the secure side is told",
            "third-register: the secure side may not write it for the normal one then");

    /** By the word {@code startup}. */
    static final List<String> OF_STARTUP = List.of(
            "startup denied: a start-up message does nothing",
            "startup denied: nobody is told",
            "startup denied: nor is it started by its register",
            "startup INIT: what the ICR has",
            "startup start-up: target",
            "startup HvCallStartVirtualProcessor: the input",
            "startup HvCallStartVirtualProcessor: half of XMM registers 0xb",
            "startup with a secure side of its own: whose GDTR is watched it is not started with another",
            "startup done by the secure side: the processor runs");

    /** By the word {@code third-startup}. */
    static final List<String> OF_STARTUP_BELOW_A_THIRD = List.of(
            "third-startup denied by the third side: or the secure one",
            "third-startup denied and watched by it: nor the third",
            "third-startup by the normal side, watched by the third: INIT is told",
            "third-startup by the normal side, watched by the third: the secure side is not told",
            "third-startup by the secure side, watched by the third: what the ICR has",
            "third-startup by the secure side, watched by the third: vector",
            "third-startup by the secure side, watched by the third: RIP, in the hypercall page",
            "third-startup by a processor without the third side: is refused",
            "third-startup watched by both: and not the third",
            "third-startup watched by both: the processor runs");

    /** By the word {@code dma}, where there is a disk. */
    static final List<String> OF_A_DISK = List.of(
            "dma a disk: and read",
            "dma as what is written to the disk: the device does not do it",
            "dma as what is read from it: the page is as it was",
            "dma as the second half of what is written: and so is the sector",
            "dma by a table that names it: the device does not do it",
            "dma as what is used: and asks for a reset",
            "dma a page that may be read: cannot be read into");

    /** By the word {@code mbec}. */
    static final List<String> OF_MODES = List.of(
            "mbec on: user code: user code executes",
            "mbec on: user code: the kernel executes",
            "mbec on, without SMEP: user code, by the kernel's right: user code executes",
            "mbec off: the kernel's code: user code executes",
            "mbec a fetch by user code: its mode",
            "mbec on one processor: and not on another");

    /** By the word {@code above}. */
    static final List<String> OF_A_START_ABOVE = List.of(
            "above a processor that waits to be started: is started there",
            "above its normal side: need not run for an interrupt of the secure one",
            "above its normal side: is started by the other call, while the secure one runs",
            "above its normal side: its calls come to the secure side");

    /** By the words that begin with {@code narrow}. */
    static final List<String> OF_32_BIT_CODE = List.of(
            "narrow: a context of 32-bit code",
            "narrow: R12 stays",
            "narrow a restoring return: gives EDX back as it was",
            "narrow compatibility mode: a restoring return gives EAX back as it was",
            "narrow protected mode: EDI comes down",
            "narrow an intercept: the access is tried again");

    /** By the word {@code reset}. */
    static final List<String> OF_A_RESET = List.of(
            "reset: and empty",
            "reset: so is the secret's page",
            "reset: no register is watched",
            "reset: nor the start of processors",
            "reset: and as it was, as that was wanted");
}
