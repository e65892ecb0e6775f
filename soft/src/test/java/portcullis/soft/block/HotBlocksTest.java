package portcullis.soft.block;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.soft.model.CpuModel;
import portcullis.soft.protect.Guest;

/** Blocks that are executed so often that their operations are put together. */
class HotBlocksTest {
    private static final long TURNS = Block.HOT + 1000;
    /** What is mapped ends here. */
    private static final long END = 0x400000;

    private static Guest guest() {
        Guest g = new Guest(CpuModel.Vendor.INTEL).longMode();
        g.cpu.setBudget(Long.MAX_VALUE);
        g.set(Register.RDX, 0);
        return g;
    }

    @Test
    void shouldGoOnComputingTheSame() {
        // add rax, rcx; ror rax, 3; mov [rbx], rax; xor rdx, [rbx]; push rdx; pop rsi; lea rdi, [rsi + rax * 2];
        // cmp rdi, rax; adc rbp, rdi; dec rcx; jnz
        String loop = "4801c8 48c1c803 488903 483313 52 5e 488d3c46 4839c7 4811fd 48ffc9 75e2";
        try (Guest g = guest().code(loop + " cc")) {
            g.set(Register.RBX, Guest.DATA).set(Register.RCX, TURNS);
            long before = g.cpu.retired();
            g.expect(Guest.DONE, 0);
            long rax = 0;
            long rdx = 0;
            long rbp = 0;
            for (long rcx = TURNS; rcx > 0; rcx--) {
                rax = Long.rotateRight(rax + rcx, 3);
                rdx ^= rax;
                long rdi = rdx + rax * 2;
                rbp += rdi + (Long.compareUnsigned(rdi, rax) < 0 ? 1 : 0);
            }
            assertEquals(rax, g.get(Register.RAX));
            assertEquals(rdx, g.get(Register.RDX));
            assertEquals(rbp, g.get(Register.RBP));
            // Behind the loop: INT3 and the handler's HLT.
            assertEquals(11 * TURNS + 2, g.cpu.retired() - before);
        }
    }

    /** With so many INC EAX before the load that faults, and as many INC EDX behind it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 14, 15, 16, 31, 40})
    void shouldFaultPrecisely(int others) {
        // mov rsi, [rbx]; add rbx, 8; dec rcx; jnz
        String loop = "ffc0".repeat(others) + "488b33 4883c308" + "ffc2".repeat(others);
        int back = -(4 * others + 7 + 9);
        String jump = "48ffc9 0f85%02x%02xffff".formatted(back & 0xff, back >> 8 & 0xff);
        try (Guest g = guest().code(loop + jump + "cc")) {
            g.set(Register.RBX, END - 0x100000).set(Register.RCX, 2 * TURNS);
            long turns = 0;
            while (turns < TURNS) {
                long expected = (END - g.get(Register.RBX)) / 8;
                long rax = g.get(Register.RAX);
                long retired = g.cpu.retired();
                g.expect(14, 0);
                turns += expected;
                assertEquals(Guest.CODE + 2L * others, g.stack64(1), "RIP");
                assertEquals(END, g.get(Register.RBX));
                assertEquals(2 * TURNS - turns, g.get(Register.RCX));
                assertEquals(rax + (expected + 1) * others, g.get(Register.RAX));
                assertEquals(turns * others, g.get(Register.RDX));
                // The fault counts as one, and so does the handler's HLT.
                assertEquals(expected * (2L * others + 4) + others + 2, g.cpu.retired() - retired);
                g.set(Register.RBX, END - 0x100000)
                        .set(Register.RIP, Guest.CODE)
                        .set(Register.RSP, Guest.STACK0);
            }
        }
    }

    @Test
    void shouldSeeAStoreOverItself() {
        // mov eax, 1; add rdx, rax; cmp ecx, 5; jne +3; mov byte [rbx], 2; nop; dec rcx; jnz
        String loop = "b801000000 4801c2 83f905 7503 c60302 90 48ffc9 75ea";
        try (Guest g = guest().code(loop + " cc")) {
            g.set(Register.RBX, Guest.CODE + 1).set(Register.RCX, TURNS);
            g.expect(Guest.DONE, 0);
            assertEquals(TURNS + 4, g.get(Register.RDX));
        }
    }
}
