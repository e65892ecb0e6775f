package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HypercallCodeTest {
    @Test
    void shouldHaveAscendingCodesAndUniqueNames() {
        int last = 0;
        Set<String> names = new HashSet<>();
        for (HypercallCode call : HypercallCode.values()) {
            assertTrue(call.code() > last, call.name());
            assertTrue(names.add(call.specName()), call.name());
            last = call.code();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldFindEachCallByItsCode(HypercallCode call) {
        assertSame(call, HypercallCode.of(call.code()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 7, 0xA, 0x16, 0x3F, 0x71, 0x7F, 0x93, 0x98, 0xAB, 0x7FFF, 0x8000, 0x8007, 0xFFFF})
    void shouldFindNoCallWhereTheTableIsReserved(int code) {
        assertNull(HypercallCode.of(code));
    }

    /** v6.0b, Appendix A: the rows with a mark under Rep, and the reps among the calls that are newer. */
    @Test
    void shouldBeRepWhereTheTablesSaySo() {
        Set<Integer> reps = Set.of(
                0x03, 0x0C, 0x14, 0x48, 0x49, 0x4B, 0x4C, 0x50, 0x51, 0x6E, 0x90, 0x9A, 0xB0, 0xD4, 0xD9, 0xDB, 0xF4,
                0x110, 0x112, 0x113, 0x11C);
        for (HypercallCode call : HypercallCode.values()) {
            assertEquals(reps.contains(call.code()), call.shape().rep(), call.name());
        }
    }

    /** v6.0b, Appendix A: the rows with a mark under Fast. */
    @ParameterizedTest
    @ValueSource(
            ints = {
                0x01, 0x08, 0x41, 0x42, 0x43, 0x4F, 0x56, 0x58, 0x5B, 0x5D, 0x61, 0x62, 0x63, 0x65, 0x66, 0x67, 0x68,
                0x6B
            })
    void shouldFitRegistersWhereTheTableSaysFast(int code) {
        assertEquals(CallShape.Fast.REGISTERS, HypercallCode.of(code).shape().fast());
    }

    /** Native interfaces and parameter tables: bytes in (header, element) and out (header, element). */
    @ParameterizedTest
    @CsvSource({
        "0x0002, 24, 0, 0, 0",
        "0x0003, 24, 8, 0, 0",
        "0x0008, 8, 0, 0, 0",
        "0x000B, 16, 0, 0, 0",
        "0x000C, 16, 8, 0, 0",
        "0x000D, 16, 0, 0, 0",
        "0x000F, 240, 0, 0, 0",
        "0x0040, 56, 0, 8, 0",
        "0x0044, 16, 0, 8, 0",
        "0x0049, 16, 0, 0, 8",
        "0x004A, 16, 0, 16, 0",
        "0x0050, 16, 4, 0, 16",
        "0x0051, 16, 32, 0, 0",
        "0x0052, 32, 0, 16, 0",
        "0x0053, 32, 0, 24, 0",
        "0x0054, 48, 0, 8, 0",
        "0x005C, 256, 0, 0, 0",
        "0x005D, 8, 0, 0, 0",
        "0x006E, 16, 16, 0, 0",
        "0x0094, 32, 0, 0, 0",
        "0x0095, 56, 0, 0, 0",
        "0x0096, 72, 0, 0, 0",
        "0x0099, 240, 0, 0, 0",
        "0x00AC, 32, 0, 64, 0",
        "0x00AF, 16, 0, 0, 0",
        "0x00B0, 16, 8, 0, 0",
        "0x00F4, 24, 8, 0, 16",
        "0x8001, 0, 0, 8, 0",
        "0x8002, 0, 0, 0xFF8, 0",
    })
    void shouldHaveTheSizesOfTheParameterTables(String code, int in, int inElement, String out, int outElement) {
        CallShape shape = HypercallCode.of(Integer.decode(code)).shape();
        assertEquals(in, shape.inputHeader());
        assertEquals(inElement, shape.inputElement());
        assertEquals(Integer.decode(out), shape.outputHeader());
        assertEquals(outElement, shape.outputElement());
    }

    @Test
    void shouldTakeVariableHeadersOnlyWhereAProcessorSetOrPropertyFollows() {
        Set<Integer> variable = Set.of(0x13, 0x14, 0x15, 0x7E, 0x10A);
        for (HypercallCode call : HypercallCode.values()) {
            assertEquals(variable.contains(call.code()), call.shape().variableHeader(), call.name());
        }
    }

    @Test
    void shouldNeedVsmForTheCallsThatSwitchAndConfigureTrustLevels() {
        var vsm = EnumSet.noneOf(HypercallCode.class);
        for (HypercallCode call : HypercallCode.values()) {
            if (call.needsVsm()) {
                vsm.add(call);
            }
        }
        assertEquals(
                EnumSet.of(
                        HypercallCode.MODIFY_VTL_PROTECTION_MASK,
                        HypercallCode.ENABLE_PARTITION_VTL,
                        HypercallCode.DISABLE_PARTITION_VTL,
                        HypercallCode.ENABLE_VP_VTL,
                        HypercallCode.DISABLE_VP_VTL,
                        HypercallCode.VTL_CALL,
                        HypercallCode.VTL_RETURN),
                vsm);
    }

    @Test
    void shouldKnowWhatFitsInRegisters() {
        assertEquals(
                CallShape.Fast.EXTENDED,
                HypercallCode.FLUSH_VIRTUAL_ADDRESS_LIST.shape().fast());
        assertEquals(
                CallShape.Fast.EXTENDED, HypercallCode.GET_VP_REGISTERS.shape().fast());
        assertEquals(CallShape.Fast.NONE, HypercallCode.POST_MESSAGE.shape().fast());
        assertEquals(
                CallShape.Fast.NONE, HypercallCode.ADD_LOGICAL_PROCESSOR.shape().fast());
        assertEquals(CallShape.Fast.REGISTERS, HypercallCode.VTL_CALL.shape().fast());
    }
}
