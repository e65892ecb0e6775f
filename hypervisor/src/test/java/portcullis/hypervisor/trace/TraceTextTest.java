package portcullis.hypervisor.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.trace.TraceEvent.Kind;

class TraceTextTest {
    private static final String STORY = """
            0.000000000 vp 0 vtl 0 running
            0.000000000 vp 1 vtl 0 wait for startup
            0.000001000 vp 1 vtl 0 running
            0.000001500 vp 1 vtl 0 interrupt 0x31
            0.000001600 vp 1 vtl 0 NMI
            0.000002000 vp 1 vtl 0 inhibiting flushes of vp 1 for host, waited 0.150 us for 2 flushes to pass
            0.000003000 vp 0 vtl 0 exit HYPERCALL, took 0.900 us
            0.000003400 vp 0 vtl 0 suspending vp 0 waiting on vp 1: HvCallFlushVirtualAddressSpace (0x0002) at 0xffffffff81001000
            0.000003500 vp 0 vtl 0 suspended
            0.000003600 vp 0 vtl 0 circular wait: vp 0 -> vp 1 -> vp 0
            0.000004000 vp 1 vtl 0 entering vtl 1 by intercept
            0.000004000 vp 1 vtl 0 intercept memory, write of 0x1234000
            0.000004800 vp 1 vtl 1 returning to vtl 0 from intercept
            0.000005000 vp 1 vtl 0 lifting inhibit of vp 1 for host, gate open, 1 vp resumed, took 0.080 us
            0.000005100 vp 0 vtl 0 resuming vp 0 after waiting 1.700 us on vp 1: lifted
            0.000005100 vp 0 vtl 0 running
            0.000005200 vp 0 vtl 0 exit HYPERCALL, took 1.300 us
            0.000005200 vp 0 vtl 0 hypercall HvCallFlushVirtualAddressList (0x0003) fast rep 1..16 of 16: HV_STATUS_SUCCESS, took 1.200 us
            0.000006000 vp 0 vtl 0 flush of vps 1-2,7, space 0x1aa000, 16 ranges, non-global only, extended ranges
            0.000007000 vp 0 vtl 0 hypercall 0x7777: HV_STATUS_INVALID_HYPERCALL_CODE, took 0.010 us
            0.000008000 vp 1 vtl 0 exit PORT_WRITE 0x3f8, took 12.345 us
            0.000008100 vp 0 vtl 0 message 0x80000010 on sint 2, 24 bytes, queued
            0.000008200 vp 0 vtl 0 event flag 17 on sint 3
            0.000008300 vp 0 vtl 0 timer 0 expired, message on sint 2, late 0.040 us
            0.000008400 vp 0 vtl 0 timer 1 expired, interrupt 0xec, late 1000.001 us
           12.000000345 partition 1 vp 3 vtl 0 flush of vps 0-3, space 0x0, everything, all processors, all address spaces
           12.000001000 vp 0 vtl 0 halted
        """;

    @Test
    void shouldSayEveryEventInALine() {
        assertEquals(STORY, Samples.story().stream().map(TraceText::line).collect(Collectors.joining("\n", "", "\n")));
    }

    @Test
    void shouldHaveSamplesOfEveryKind() {
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        Samples.story().forEach(event -> kinds.add(event.kind()));
        assertEquals(EnumSet.allOf(Kind.class), kinds);
    }
}
