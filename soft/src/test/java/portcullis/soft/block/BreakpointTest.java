package portcullis.soft.block;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

class BreakpointTest {
    private static final long LOOP = LongMode.CODE + 5;

    /** mov ecx,5; inc eax; dec ecx; jnz loop; hlt. */
    private static LongMode loop() {
        return new LongMode().code(0xb9, 5, 0, 0, 0, 0xff, 0xc0, 0xff, 0xc9, 0x75, 0xfa, 0xf4);
    }

    @Test
    void shouldStopBeforeTheInstructionEachTimeRound() {
        try (LongMode machine = loop()) {
            machine.engine.setBreakpoints(Set.of(LOOP + 2));
            List<Long> seen = new ArrayList<>();
            ExitReason reason = machine.cpu.run();
            while (reason == ExitReason.BREAKPOINT) {
                assertEquals(LOOP + 2, machine.cpu.get(Register.RIP));
                seen.add(machine.cpu.get(Register.RCX) * 10 + machine.cpu.get(Register.RAX));
                reason = machine.cpu.run();
            }
            assertEquals(ExitReason.HALT, reason);
            assertEquals(List.of(51L, 42L, 33L, 24L, 15L), seen);
            assertEquals(17, machine.cpu.retired());
        }
    }

    @Test
    void shouldCountInstructionsAndBudgetsAsWithoutIt() {
        List<Long> without = budgets(Set.of());
        assertEquals(without, budgets(Set.of(LOOP)));
        assertEquals(without, budgets(Set.of(LOOP + 2, LOOP + 4)));
        assertEquals(without, budgets(Set.of(LongMode.CODE, LOOP + 6)));
    }

    /** Where the budget ends, while stops do not use it up. */
    private static List<Long> budgets(Set<Long> addresses) {
        List<Long> ends = new ArrayList<>();
        try (LongMode machine = loop()) {
            machine.engine.setBreakpoints(addresses);
            for (ExitReason reason = null; reason != ExitReason.HALT; ) {
                long end = machine.cpu.retired() + 4;
                do {
                    machine.cpu.setBudget(end - machine.cpu.retired());
                    reason = machine.cpu.run();
                } while (reason == ExitReason.BREAKPOINT);
                ends.add(machine.cpu.get(Register.RIP) << 8 | machine.cpu.retired());
            }
        }
        return ends;
    }

    @Test
    void shouldComeAndGoWithBlocksThatAreDecodedAlready() {
        try (LongMode machine = loop()) {
            assertEquals(ExitReason.HALT, machine.cpu.run());
            machine.cpu.set(Register.RIP, LongMode.CODE);
            machine.engine.setBreakpoints(Set.of(LOOP));
            assertEquals(ExitReason.BREAKPOINT, machine.cpu.run());
            machine.engine.setBreakpoints(Set.of());
            assertEquals(ExitReason.HALT, machine.cpu.run());
        }
    }

    @Test
    void shouldNotStopInTheMiddleOfAnInstructionThatAwaitsItsAnswer() {
        // in al,0x60; hlt.
        try (LongMode machine = new LongMode().code(0xe4, 0x60, 0xf4)) {
            machine.engine.setBreakpoints(Set.of(LongMode.CODE));
            assertEquals(ExitReason.BREAKPOINT, machine.cpu.run());
            assertEquals(ExitReason.PORT_READ, machine.cpu.run());
            machine.cpu.exit().value = 0x42;
            assertEquals(ExitReason.HALT, machine.cpu.run());
            assertEquals(0x42, machine.cpu.get(Register.RAX));
        }
    }

    @Test
    void shouldStopWhereInstructionsAreSteppedThrough() {
        try (LongMode machine = loop()) {
            machine.engine.setBreakpoints(Set.of(LOOP + 2));
            // An armed instruction breakpoint of the guest's own, elsewhere.
            machine.cpu.set(Register.DR0, 0x1234);
            machine.cpu.set(Register.DR7, 0x401);
            assertEquals(ExitReason.BREAKPOINT, machine.cpu.run());
            assertEquals(2, machine.cpu.retired());
            assertEquals(ExitReason.BREAKPOINT, machine.cpu.run());
            assertEquals(5, machine.cpu.retired());
        }
    }
}
