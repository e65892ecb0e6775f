package portcullis.oracle.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import portcullis.memory.host.HostMemory;

class HostCpuTest {
    private HostCpu cpu;

    @BeforeEach
    void open() {
        assumeTrue(HostCpu.supported());
        cpu = HostCpu.open();
    }

    @AfterEach
    void close() {
        if (cpu != null) {
            cpu.close();
        }
    }

    private long data(int slot) {
        return cpu.memory() + Layout.data(slot);
    }

    /** Runs one case of {@code code} in slot 0 with a valid x87 and SSE state. */
    private void run(int... code) {
        CodeBuffer buffer = new CodeBuffer().bytes(code).bytes(0xe9);
        long at = cpu.memory() + Layout.CODE;
        buffer.i32((int) (cpu.memory() + cpu.trampoline().done() - (at + buffer.size() + 4)));
        byte[] bytes = buffer.toByteArray();
        HostMemory.copy(bytes, 0, at, bytes.length);
        HostMemory.putLong(cpu.memory() + Layout.TABLE, at);
        HostMemory.putLong(cpu.memory() + Layout.TABLE + 8, data(0));
        HostMemory.putShort(data(0) + Layout.FXSAVE, (short) 0x37f);
        HostMemory.putInt(data(0) + Layout.FXSAVE + 24, 0x1f80);
        cpu.run(0, 1);
    }

    private long output(int offset) {
        return HostMemory.getLong(data(0) + Layout.OUTPUT + offset);
    }

    @Test
    void shouldExecuteAnInstructionOnTheStateGiven() {
        HostMemory.putLong(data(0) + Layout.GPR, 0xffff_ffffL);
        HostMemory.putLong(data(0) + Layout.GPR + 8, 1);
        HostMemory.putLong(data(0) + Layout.RFLAGS, 0x202);
        run(0x01, 0xc8); // add eax, ecx
        assertEquals(0, output(Layout.GPR));
        assertEquals(0x257, output(Layout.RFLAGS));
    }

    @ParameterizedTest
    @EnumSource(Trampoline.Extent.class)
    void shouldLoadAndStoreAllOfTheState(Trampoline.Extent extent) {
        assumeTrue(extent != Trampoline.Extent.AVX || Features.of(cpu).contains("avx"));
        cpu.install(new Trampoline(extent));
        for (int i = 0; i < Layout.STATE_SIZE; i += 8) {
            HostMemory.putLong(data(0) + Layout.INPUT + i, 0x0101010101010101L * (i / 8 % 251));
        }
        HostMemory.putLong(data(0) + Layout.RFLAGS, 0xad7);
        HostMemory.putShort(data(0) + Layout.FXSAVE + 2, (short) 0x3800);
        HostMemory.putLong(data(0) + Layout.FXSAVE + 24, 0x1f80);
        run();
        for (int i = 0; i < 16; i++) {
            if (i != 4) {
                assertEquals(HostMemory.getLong(data(0) + 8 * i), output(8 * i), "register " + i);
            }
            assertEquals(HostMemory.getLong(data(0) + Layout.STACK + 8 * i), output(Layout.STACK + 8 * i));
        }
        assertEquals(0xad7, output(Layout.RFLAGS));
        for (int i = 0; extent != Trampoline.Extent.GENERAL && i < 8; i++) {
            int st = Layout.FXSAVE + 32 + 16 * i;
            assertEquals(HostMemory.getLong(data(0) + st), output(st), "x87 register " + i);
        }
        for (int i = 0; extent == Trampoline.Extent.AVX && i < 512; i += 8) {
            assertEquals(HostMemory.getLong(data(0) + Layout.YMM + i), output(Layout.YMM + i), "vector byte " + i);
        }
    }

    @Test
    void shouldKeepTheCallersControlWords() {
        cpu.install(new Trampoline(Trampoline.Extent.FXSAVE));
        run(0xd9, 0xe8); // fld1
        double third = 1.0;
        third /= 3;
        assertEquals(0x3fd5555555555555L, Double.doubleToRawLongBits(third));
    }

    @Test
    void shouldFindOutWhatTheHostOffers() {
        assertTrue(Features.of(cpu).contains("sse2"));
    }
}
