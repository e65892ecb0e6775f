package portcullis.hypervisor.flush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import portcullis.engine.VirtualCpu;

class PendingFlushesTest {
    private final PendingFlushes flushes = new PendingFlushes();

    /**
     * Who inhibits looks here for flushes that have completed and not taken effect (DESIGN.md, section 5, invariant 2): the VP has
     * taken its request bit long before.
     *
     * <p>Fails with: {@code PendingFlushes.apply}, {@code pending = false} at the beginning; in {@code add} or {@code
     * addEverything}, without {@code pending = true}.
     */
    @Test
    void shouldBePendingUntilTheTlbHasChanged() {
        List<Boolean> meanwhile = new ArrayList<>();
        VirtualCpu cpu = (VirtualCpu) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {VirtualCpu.class}, (proxy, method, args) -> {
                    meanwhile.add(flushes.pending());
                    return null;
                });
        assertFalse(flushes.pending());
        flushes.addSpace(0, 0x1000, false);
        flushes.addRange(0, 0x1000, 0x400000, 1, true);
        assertTrue(flushes.pending());
        flushes.apply(cpu);
        assertEquals(List.of(true, true), meanwhile);
        assertFalse(flushes.pending());
        flushes.addEverything(1);
        assertTrue(flushes.pending());
        flushes.apply(cpu);
        assertFalse(flushes.pending());
    }
}
