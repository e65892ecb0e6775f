package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.gate.InhibitReason;

class FlushInhibitTest {
    private final FakeMachine machine = FakeMachine.threaded(2);

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldSetAndClearAndSaySo() {
        Partition partition = machine.partition;
        assertEquals(0, partition.flushInhibit(1, 0));
        partition.setFlushInhibit(1, 0, FlushInhibit.SET);
        partition.setFlushInhibit(1, 0, FlushInhibit.SET);
        assertEquals(InhibitReason.HOST.bit(), partition.flushInhibit(1, 0));
        assertEquals(0, partition.flushInhibit(0, 0));
        partition.setFlushInhibit(1, 0, FlushInhibit.CLEAR);
        partition.setFlushInhibit(1, 0, FlushInhibit.CLEAR);
        assertEquals(0, partition.flushInhibit(1, 0));
    }

    @Test
    void shouldRefuseFlagsAndChangeNothing() {
        FlushInhibit odd = new FlushInhibit(0x8000, true);
        assertThrows(IllegalArgumentException.class, () -> machine.partition.setFlushInhibit(1, 0, odd));
        assertEquals(0, machine.partition.flushInhibit(1, 0));
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "2, 0", "0, -1", "0, 1", "0, 3"})
    void shouldRefuseVpsAndLevelsThatDoNotExist(int vp, int level) {
        assertThrows(
                IllegalArgumentException.class, () -> machine.partition.setFlushInhibit(vp, level, FlushInhibit.SET));
        assertThrows(IllegalArgumentException.class, () -> machine.partition.flushInhibit(vp, level));
    }

    /** The partition's own look came before: a reset takes levels away between the two. */
    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 3})
    void shouldRefuseLevelsThatAVpHasNoLonger(int level) {
        VirtualProcessor vp = machine.vp(0);
        assertThrows(IllegalArgumentException.class, () -> vp.inhibitFlushes(level));
        assertThrows(IllegalArgumentException.class, () -> vp.liftFlushInhibit(level));
        assertThrows(IllegalArgumentException.class, () -> vp.flushInhibitReasons(level));
    }

    @Test
    void shouldHaveTheProposalsLayout() {
        byte[] bytes = {0x34, (byte) 0x92, 1, 0, 0, 0, 0, 0};
        assertEquals(new FlushInhibit(0x9234, true), FlushInhibit.parse(ByteBuffer.wrap(bytes)));
        assertArrayEquals(bytes, new FlushInhibit(0x9234, true).encode());
        assertEquals(FlushInhibit.CLEAR, FlushInhibit.parse(ByteBuffer.wrap(FlushInhibit.CLEAR.encode())));
        // _IOW: direction 1 << 30, size << 16, type << 8, number.
        assertEquals(1 << 30 | FlushInhibit.SIZE << 16 | 0xAE << 8 | 0xd6, FlushInhibit.IOCTL);
    }
}
