package portcullis.soft.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

/** Lazy flags against the definitions of the manual (SDM volume 1, 3.4.3.1), exhaustively for bytes. */
class FlagsTest {
    private static final int STATUS = 0x8d5;

    private static int expected(int result, boolean carry, boolean overflow, boolean adjust) {
        return (carry ? 1 : 0)
                | ((Integer.bitCount(result & 0xff) & 1) == 0 ? 4 : 0)
                | (adjust ? 0x10 : 0)
                | ((result & 0xff) == 0 ? 0x40 : 0)
                | (result & 0x80)
                | (overflow ? 0x800 : 0);
    }

    @Test
    void shouldComputeFlagsOfByteAdditionAndSubtraction() {
        // add al, cl; jmp $ -- sub dl, cl; jmp $
        try (LongMode machine = new LongMode().code(0x00, 0xc8, 0xeb, 0xfe, 0x28, 0xca, 0xeb, 0xfe)) {
            for (int a = 0; a < 256; a += 3) {
                for (int b = 0; b < 256; b++) {
                    machine.cpu.set(Register.RAX, a);
                    machine.cpu.set(Register.RDX, a);
                    machine.cpu.set(Register.RCX, b);
                    run(machine, LongMode.CODE, 1);
                    int sum = a + b;
                    boolean overflow = (byte) sum != (byte) a + (byte) b;
                    assertEquals(
                            expected(sum, sum > 255, overflow, (a & 15) + (b & 15) > 15),
                            machine.cpu.get(Register.RFLAGS) & STATUS,
                            a + "+" + b);
                    run(machine, LongMode.CODE + 4, 1);
                    int difference = a - b;
                    overflow = (byte) difference != (byte) a - (byte) b;
                    assertEquals(
                            expected(difference, a < b, overflow, (a & 15) < (b & 15)),
                            machine.cpu.get(Register.RFLAGS) & STATUS,
                            a + "-" + b);
                }
            }
        }
    }

    @Test
    void shouldKeepEveryCombinationOfFlags() {
        try (LongMode machine = new LongMode()) {
            for (int flags = 0; flags < 0x1000; flags++) {
                int wanted = flags & STATUS;
                machine.cpu.set(Register.RFLAGS, wanted | 2);
                assertEquals(wanted | 2, machine.cpu.get(Register.RFLAGS));
            }
        }
    }

    private static void run(LongMode machine, long rip, int instructions) {
        machine.cpu.set(Register.RIP, rip);
        machine.cpu.setBudget(instructions);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
    }
}
