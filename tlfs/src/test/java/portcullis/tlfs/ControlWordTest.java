package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ControlWordTest {
    @Test
    void shouldReadEveryFieldOfAnInputValue() {
        var input = new HypercallInput(0x0123_0456_8007_0014L);
        assertEquals(0x14, input.callCode());
        assertTrue(input.fast());
        assertEquals(3 * 8, input.variableHeaderBytes());
        assertTrue(input.nested());
        assertEquals(0x456, input.repCount());
        assertEquals(0x123, input.repStartIndex());
        assertEquals(0, input.reserved());
    }

    @Test
    void shouldReadTheLargestFieldsOfAnInputValue() {
        var input = new HypercallInput(-1L);
        assertEquals(0xFFFF, input.callCode());
        assertEquals(0x3FF * 8, input.variableHeaderBytes());
        assertEquals(0xFFF, input.repCount());
        assertEquals(0xFFF, input.repStartIndex());
        assertEquals(HypercallInput.RESERVED, input.reserved());
        assertFalse(new HypercallInput(0).fast());
        assertFalse(new HypercallInput(0).nested());
    }

    @Test
    void shouldCoverAllBitsOfAnInputValueOnce() {
        long[] fields = {
            HypercallInput.CALL_CODE_MASK,
            HypercallInput.FAST,
            (long) HypercallInput.VARIABLE_HEADER_SIZE_MASK << HypercallInput.VARIABLE_HEADER_SIZE_SHIFT,
            HypercallInput.IS_NESTED,
            (long) HypercallInput.REP_COUNT_MASK << HypercallInput.REP_COUNT_SHIFT,
            (long) HypercallInput.REP_START_INDEX_MASK << HypercallInput.REP_START_INDEX_SHIFT,
            HypercallInput.RESERVED
        };
        long seen = 0;
        for (long field : fields) {
            assertEquals(0, seen & field);
            seen |= field;
        }
        assertEquals(-1L, seen);
    }

    @Test
    void shouldPutStatusAndCountIntoAResultValue() {
        var result = HypercallResult.of(HvStatus.INVALID_VP_INDEX, 0xABC);
        assertEquals(0x0000_0ABC_0000_000EL, result.asUint64());
        assertEquals(HvStatus.INVALID_VP_INDEX, result.status());
        assertEquals(0xABC, result.repsCompleted());
    }
}
