package portcullis.soft.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.soft.LongMode;

/** Code that changes is seen: by the CPU that changes it at the next instruction, by others when they get there again. */
class CodeChangesTest {
    private static long rax(LongMode machine, int budget) {
        machine.cpu.set(Register.RIP, LongMode.CODE);
        machine.cpu.setBudget(budget);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        return machine.cpu.get(Register.RAX);
    }

    private static void load(LongMode machine, long at, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        machine.memory.write(at, bytes, 0, bytes.length);
    }

    @Test
    void shouldSeeStoreIntoTheNextInstruction() {
        try (LongMode machine = new LongMode()) {
            // mov byte [rip+1], 0x7f; mov eax, 0; jmp $
            load(machine, LongMode.CODE, "c605010000007fb800000000ebfe");
            assertEquals(0x7f, rax(machine, 3));
        }
    }

    @Test
    void shouldSeeStoreByTheHost() {
        try (LongMode machine = new LongMode()) {
            load(machine, LongMode.CODE, "b811000000ebfe");
            assertEquals(0x11, rax(machine, 2));
            machine.memory.putByte(LongMode.CODE + 1, (byte) 0x22);
            assertEquals(0x22, rax(machine, 2));
        }
    }

    @Test
    void shouldSeeAStoreBehindOneThatChangedNothing() {
        try (LongMode machine = new LongMode()) {
            // mov eax, 0x11; jmp $ -- and elsewhere in the page: mov [rbx], cl; mov eax, [rbx - 1]; jmp $
            load(machine, LongMode.CODE, "b811000000ebfe");
            load(machine, LongMode.CODE + 0x800, "880b8b43ffebfe");
            assertEquals(0x11, rax(machine, 2));
            for (int value : new int[] {0x11, 0x11, 0x22, 0x22, 0x11}) {
                machine.cpu.set(Register.RBX, LongMode.CODE + 1);
                machine.cpu.set(Register.RCX, value);
                machine.cpu.set(Register.RIP, LongMode.CODE + 0x800);
                machine.cpu.setBudget(3);
                assertEquals(ExitReason.BUDGET, machine.cpu.run());
                assertEquals(value << 8 | 0xb8, machine.cpu.get(Register.RAX));
                assertEquals(value, rax(machine, 2));
            }
        }
    }

    @Test
    void shouldSeeStoreIntoTheSecondPageOfAnInstruction() {
        try (LongMode machine = new LongMode()) {
            long at = LongMode.CODE + 0xffe;
            load(machine, at, "b811000000ebfe");
            load(machine, LongMode.CODE, "e9f90f0000");
            assertEquals(0x11, rax(machine, 3));
            machine.memory.putByte(at + 3, (byte) 0x22);
            assertEquals(0x220011, rax(machine, 3));
        }
    }

    @Test
    void shouldSeeBulkStoreOverCode() {
        try (LongMode machine = new LongMode()) {
            // mov eax, 0x11; jmp $ -- then rep stosb over it with NOPs from elsewhere, and run it again
            load(machine, LongMode.CODE, "b811000000ebfe");
            assertEquals(0x11, rax(machine, 2));
            load(machine, LongMode.DATA, "f3aaebfe");
            machine.cpu.set(Register.RDI, LongMode.CODE);
            machine.cpu.set(Register.RCX, 5);
            machine.cpu.set(Register.RAX, 0x90);
            machine.cpu.set(Register.RIP, LongMode.DATA);
            machine.cpu.setBudget(8);
            assertEquals(ExitReason.BUDGET, machine.cpu.run());
            assertEquals(0, machine.cpu.get(Register.RCX));
            assertEquals(0x90, rax(machine, 6));
        }
    }

    @Test
    void shouldForgetThatAPageHeldCodeWhenItIsAllOverwritten() {
        try (LongMode machine = new LongMode()) {
            load(machine, LongMode.CODE, "b811000000ebfe");
            rax(machine, 2);
            assertTrue((machine.memory.pageFlags(LongMode.CODE) & GuestMemory.PAGE_CODE) != 0);
            machine.memory.fill(LongMode.CODE, 16, (byte) 0x90);
            assertEquals(0, machine.memory.pageFlags(LongMode.CODE) & GuestMemory.PAGE_CODE);
        }
    }

    /** One CPU patches an immediate and then raises a flag; the other, having seen the flag, must run the patched code. */
    @Test
    void shouldSeeStoreByAnotherCpuOnceTold() throws InterruptedException {
        try (LongMode machine = new LongMode();
                VirtualCpu other = machine.engine.createCpu(1, 1)) {
            long shared = LongMode.DATA;
            // Reader, for i in 1..2000: wait until [shared] == i; call patched; [shared+64+i*4] = eax; [shared+4] = i
            load(
                    machine,
                    LongMode.CODE,
                    "b901000000" // mov ecx, 1
                            + "390f75fc" // 1: cmp [rdi], ecx; jne 1b
                            + "ffd3" // call rbx
                            + "89448f40" // mov [rdi+rcx*4+64], eax
                            + "894f04" // mov [rdi+4], ecx
                            + "ffc1" // inc ecx
                            + "81f9d1070000" // cmp ecx, 2001
                            + "75e9" // jne 1b
                            + "ebfe");
            long patched = LongMode.CODE + 0x2000;
            load(machine, patched, "b800000000c3");
            // Writer: mov [rbx+1], ecx; mov [rdi], ecx; 2: cmp [rdi+4], ecx; jne 2b; inc ecx; cmp ecx, 2001; jne
            long writer = LongMode.CODE + 0x4000;
            load(
                    machine,
                    writer,
                    "b901000000" + "894b01" + "890f" + "394f04" + "75fb" + "ffc1" + "81f9d1070000" + "75ec" + "ebfe");
            for (Register register : new Register[] {Register.CR4, Register.CR3, Register.EFER, Register.CR0}) {
                other.set(register, machine.cpu.get(register));
            }
            for (var register : portcullis.engine.SegmentRegister.values()) {
                other.setSegment(register, machine.cpu.segment(register));
            }
            for (VirtualCpu cpu : new VirtualCpu[] {machine.cpu, other}) {
                cpu.set(Register.RBX, patched);
                cpu.set(Register.RDI, shared);
            }
            other.set(Register.RIP, writer);
            Thread thread = Thread.ofPlatform().start(() -> untilDone(other));
            untilDone(machine.cpu);
            thread.join();
            for (int i = 1; i <= 2000; i++) {
                assertEquals(i, machine.memory.getInt(shared + 64 + i * 4L));
            }
        }
    }

    private static void untilDone(VirtualCpu cpu) {
        while (cpu.get(Register.RCX) != 2001) {
            cpu.setBudget(10_000);
            ExitReason reason = cpu.run();
            if (reason != ExitReason.BUDGET) {
                throw new AssertionError(reason + "\n" + cpu.describe());
            }
        }
    }
}
