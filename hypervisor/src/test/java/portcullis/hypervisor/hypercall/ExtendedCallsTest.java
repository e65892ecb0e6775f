package portcullis.hypervisor.hypercall;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.hypercall.ExtendedCalls.Range;
import portcullis.memory.GuestMemory;
import portcullis.memory.Protection;

/** HvExtCallGetBootZeroedMemory: which pages are zero because nobody has written to them. */
class ExtendedCallsTest {
    private final GuestMemory memory = new GuestMemory(32);

    ExtendedCallsTest() {
        memory.addRam(0, 16 << 12);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private List<Range> untouched(int level) {
        return ExtendedCalls.untouched(memory, memory.view(level)).stream()
                .sorted(Comparator.comparingLong(Range::first))
                .toList();
    }

    @Test
    void shouldLeaveOutWhatHasBeenWritten() {
        memory.putByte(5 << 12, (byte) 1);
        assertEquals(List.of(new Range(0, 5), new Range(6, 10)), untouched(0));
    }

    /** When a higher level first writes to a page that it hides is nothing that a lower one may learn. */
    @Test
    void shouldSayTheSameOfHiddenPagesWhetherTheyHaveBeenWrittenOrNot() {
        memory.view(0).protect(1, 3 << 12, 4, Protection.NONE);
        List<Range> before = untouched(0);
        memory.putByte(4 << 12, (byte) 1);
        assertEquals(before, untouched(0));
        assertEquals(List.of(new Range(0, 3), new Range(7, 9)), before);
        assertEquals(List.of(new Range(0, 4), new Range(5, 11)), untouched(1));
    }
}
