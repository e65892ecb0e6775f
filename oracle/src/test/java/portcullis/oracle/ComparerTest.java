package portcullis.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;
import portcullis.oracle.generate.SequenceGenerator;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.Layout;
import portcullis.oracle.sandbox.Trampoline;

class ComparerTest {
    private static final int SLOT = 3;

    private final HostMapping host = HostMapping.reserve(Layout.SIZE);
    private final HostMapping guest = HostMapping.reserve(Layout.SIZE);
    private final TestCase test = new SequenceGenerator(0x2000_0000L, Set.of(), Set.of("flow")).next(1, SLOT);

    @AfterEach
    void close() {
        host.close();
        guest.close();
    }

    private List<String> compare(Trampoline.Extent extent) {
        return new Comparer(host.address(), guest.address(), extent).compare(test);
    }

    @Test
    void shouldFindNothingInEqualStates() {
        assertEquals(List.of(), compare(Trampoline.Extent.AVX));
    }

    @ParameterizedTest
    @CsvSource({
        "0x600, rax",
        "0x67f, r15",
        "0x680, rflags",
        "0x690, stack+0x0",
        "0x70f, stack+0x78",
        "0x800, fcw",
        "0x803, fsw",
        "0x804, ftw",
        "0x818, mxcsr",
        "0x820, st(0)",
        "0x899, st(7)",
        "0xa00, ymm0[0]",
        "0xbff, ymm15[3]",
        "0xc00, scratch+0x0",
        "0x11ff, scratch+0x5f8"
    })
    void shouldSeeADifferenceInEveryPartOfTheState(String offset, String name) {
        HostMemory.putByte(guest.address() + Layout.data(SLOT) + Integer.decode(offset), (byte) 0x80);
        List<String> differences = compare(Trampoline.Extent.AVX);
        assertEquals(1, differences.size());
        assertTrue(differences.getFirst().startsWith(name + " "), differences.getFirst());
    }

    @ParameterizedTest
    @CsvSource({"0x806, x87 opcode", "0x808, x87 instruction pointer", "0x810, x87 data pointer", "0x82a, reserved"})
    void shouldIgnoreWhatCorrectProcessorsDoDifferently(String offset, String what) {
        HostMemory.putByte(guest.address() + Layout.data(SLOT) + Integer.decode(offset), (byte) 1);
        assertEquals(List.of(), compare(Trampoline.Extent.AVX), what);
    }

    @Test
    void shouldLookAtSseRegistersWhereThereIsNoAvx() {
        HostMemory.putByte(guest.address() + Layout.data(SLOT) + 0x8a0, (byte) 1);
        assertEquals(1, compare(Trampoline.Extent.FXSAVE).size());
    }
}
