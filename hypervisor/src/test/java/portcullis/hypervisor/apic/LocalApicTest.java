package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.ApicOwner.Signal;

class LocalApicTest {
    private final ApicBench bench = ApicBench.single();
    private final LocalApic apic = bench.apic();

    private void fixed(int vector) {
        apic.receive(DeliveryMode.FIXED, vector, false);
    }

    @Test
    void shouldShowArchitecturalStateAfterReset() {
        bench.write(0x80, 0x20);
        bench.write(0x320, 0x30);
        fixed(0x41);
        apic.reset();
        assertEquals(0x50014, bench.read(0x30));
        assertEquals(0, bench.read(0x80));
        assertEquals(0xff, bench.read(0xf0));
        assertEquals(0, bench.read(0xd0));
        assertEquals(0xffffffff, bench.read(0xe0));
        for (int lvt = 0x320; lvt <= 0x370; lvt += 0x10) {
            assertEquals(0x10000, bench.read(lvt), "LVT at " + Integer.toHexString(lvt));
        }
        for (int offset = 0x100; offset < 0x280; offset += 0x10) {
            assertEquals(0, bench.read(offset));
        }
        assertEquals(0xfee00900L, apic.base());
    }

    @Test
    void shouldKeepIdAndBaseOverInit() {
        assertTrue(apic.writeBase(0xfed40000L | LocalApic.BASE_ENABLE | LocalApic.BASE_BOOT_PROCESSOR));
        bench.write(0x20, 5 << 24);
        bench.write(0x80, 0x20);
        apic.init();
        assertEquals(5 << 24, bench.read(0x20));
        assertEquals(0xfed40900L, apic.base());
        assertEquals(0, bench.read(0x80));
        assertEquals(0xff, bench.read(0xf0));
    }

    @ParameterizedTest
    @CsvSource({
        // TPR, vector in service or 0, vector requested, PPR, deliverable
        "0x00, 0x00, 0x31, 0x00, true",
        "0x20, 0x00, 0x31, 0x20, true",
        "0x30, 0x00, 0x3f, 0x30, false",
        "0x3f, 0x00, 0x3f, 0x3f, false",
        "0x00, 0x31, 0x3f, 0x30, false",
        "0x00, 0x31, 0x40, 0x30, true",
        "0x45, 0x31, 0x4f, 0x45, false",
        "0x35, 0x31, 0x40, 0x35, true",
        "0x2f, 0x31, 0x40, 0x30, true",
        "0xf0, 0x00, 0xff, 0xf0, false"
    })
    void shouldDeliverOnlyAbovePriority(
            String taskPriority, String inService, String requested, String processorPriority, boolean deliverable) {
        int service = Integer.decode(inService);
        if (service != 0) {
            fixed(service);
            assertEquals(service, apic.acknowledge());
        }
        bench.write(0x80, Integer.decode(taskPriority));
        int vector = Integer.decode(requested);
        fixed(vector);
        assertEquals(Integer.decode(processorPriority), bench.read(0xa0));
        assertEquals(deliverable ? vector : LocalApic.NONE, apic.deliverable());
    }

    @Test
    void shouldServeHighestVectorFirstAndResumeLowerAfterEoi() {
        fixed(0x31);
        fixed(0x42);
        fixed(0x35);
        assertEquals(0x42, bench.take(apic));
        assertEquals(LocalApic.NONE, apic.deliverable());
        assertEquals(1 << 2, bench.read(0x120));
        bench.write(0xb0, 0);
        assertEquals(0x35, bench.take(apic));
        bench.write(0xb0, 0);
        assertEquals(0x31, bench.take(apic));
        bench.write(0xb0, 0);
        assertEquals(LocalApic.NONE, apic.deliverable());
        bench.write(0xb0, 0);
    }

    @Test
    void shouldMergeRequestsOfOneVectorButKeepOneBehindService() {
        fixed(0x31);
        fixed(0x31);
        assertEquals(0x31, bench.take(apic));
        fixed(0x31);
        bench.write(0xb0, 0);
        assertEquals(0x31, bench.take(apic));
        bench.write(0xb0, 0);
        assertEquals(LocalApic.NONE, apic.deliverable());
    }

    @Test
    void shouldReturnSpuriousVectorWhenNothingIsDeliverable() {
        bench.write(0xf0, 0x1e7);
        assertEquals(0xe7, apic.acknowledge());
        for (int offset = 0x100; offset < 0x180; offset += 0x10) {
            assertEquals(0, bench.read(offset));
        }
    }

    @Test
    void shouldBroadcastEoiOfLevelTriggeredInterruptsOnly() {
        apic.receive(DeliveryMode.FIXED, 0x51, true);
        assertEquals(1 << 0x11, bench.read(0x180 + 0x20));
        bench.take(apic);
        bench.write(0xb0, 0);
        assertEquals(List.of(0x51), bench.broadcasts);
        fixed(0x51);
        assertEquals(0, bench.read(0x180 + 0x20), "an edge clears the TMR bit");
        bench.take(apic);
        bench.write(0xb0, 0);
        assertEquals(List.of(0x51), bench.broadcasts);
    }

    @Test
    void shouldKeepTriggerModeBitAfterEoi() {
        apic.receive(DeliveryMode.FIXED, 0x51, true);
        bench.take(apic);
        bench.write(0xb0, 0);
        assertEquals(1 << 0x11, bench.read(0x1a0));
    }

    @Test
    void shouldMaskVectorsWhileSoftwareDisabled() {
        bench.write(0x320, 0x40);
        bench.write(0xf0, 0xff);
        assertEquals(0x10040, bench.read(0x320));
        bench.write(0x320, 0x41);
        assertEquals(0x10041, bench.read(0x320), "cannot be unmasked");
        fixed(0x51);
        assertEquals(LocalApic.NONE, apic.deliverable());
        apic.receive(DeliveryMode.NMI, 0, false);
        assertEquals(1, apic.takeNmis());
        bench.write(0xf0, 0x1ff);
        assertEquals(0x10041, bench.read(0x320), "enabling does not unmask");
    }

    @Test
    void shouldKeepWhatWasRequestedBeforeSoftwareDisable() {
        fixed(0x51);
        bench.write(0xf0, 0xff);
        assertEquals(0x51, apic.deliverable());
    }

    @Test
    void shouldShowErrorsOnlyAfterWriteOfErrorStatus() {
        bench.write(0x370, 0xfe);
        bench.write(0x300, 0x00004005);
        assertEquals(0, bench.read(0x280));
        bench.write(0x280, 0);
        assertEquals(1 << 5, bench.read(0x280));
        bench.write(0x280, 0xffffffff);
        assertEquals(0, bench.read(0x280));
        assertEquals(0xfe, bench.take(apic));
    }

    @Test
    void shouldInterruptOnceForEachErrorUntilRearmed() {
        bench.write(0x370, 0xfe);
        fixed(3);
        assertEquals(0xfe, bench.take(apic));
        bench.write(0xb0, 0);
        fixed(4);
        assertEquals(LocalApic.NONE, apic.deliverable());
        bench.read(0x40);
        assertEquals(0xfe, bench.take(apic), "another kind of error");
        bench.write(0xb0, 0);
        bench.write(0x280, 0);
        assertEquals(1 << 6 | 1 << 7, bench.read(0x280));
        fixed(3);
        assertEquals(0xfe, bench.take(apic));
    }

    @Test
    void shouldNotRecurseWhenErrorVectorIsIllegalItself() {
        bench.write(0x370, 0x03);
        fixed(2);
        bench.write(0x280, 0);
        assertEquals(1 << 6, bench.read(0x280));
    }

    @ParameterizedTest
    @CsvSource({"0x40", "0x70", "0x290", "0x2f0", "0x3a0", "0x3f0", "0x400", "0xff0"})
    void shouldLogIllegalRegisters(String offset) {
        assertEquals(0, bench.read(Integer.decode(offset)));
        bench.write(0x280, 0);
        assertEquals(1 << 7, bench.read(0x280));
        bench.write(Integer.decode(offset), 1);
        bench.write(0x280, 0);
        assertEquals(1 << 7, bench.read(0x280));
    }

    @Test
    void shouldIgnoreWritesThatAreNotWholeAlignedRegisters() {
        apic.writePage(0x80, 1, 0x30);
        apic.writePage(0x80, 2, 0x30);
        apic.writePage(0x80, 8, 0x30);
        apic.writePage(0x84, 4, 0x30);
        assertEquals(0, bench.read(0x80));
        apic.writePage(0x80, 4, 0x130);
        assertEquals(0x30, bench.read(0x80));
    }

    @Test
    void shouldReadPartsOfRegisters() {
        assertEquals(0x50014, apic.readPage(0x30, 4));
        assertEquals(0x50014, apic.readPage(0x30, 8));
        assertEquals(0x14, apic.readPage(0x30, 1));
        assertEquals(0x05, apic.readPage(0x32, 1));
        assertEquals(0, apic.readPage(0x34, 4));
    }

    @Test
    void shouldDropWritesToReadOnlyRegisters() {
        for (int offset : new int[] {0x30, 0x90, 0xa0, 0x100, 0x1a0, 0x270, 0x390}) {
            int before = bench.read(offset);
            bench.write(offset, 0xffffffff);
            assertEquals(before, bench.read(offset), Integer.toHexString(offset));
        }
        bench.write(0x280, 0);
        assertEquals(0, bench.read(0x280), "none of them is an illegal register");
    }

    @Test
    void shouldStoreOnlyDefinedBitsOfVectorTable() {
        int[] expected = {0x000700ff, 0x000107ff, 0x000107ff, 0x0001a7ff, 0x0001a7ff, 0x000100ff};
        for (int entry = 0; entry < 6; entry++) {
            bench.write(0x320 + entry * 0x10, 0xffffffff);
            int stored = bench.read(0x320 + entry * 0x10);
            int allowed = entry == 0 ? expected[0] & ~0x20000 : expected[entry];
            assertEquals(allowed, stored, "entry " + entry);
        }
    }

    @Test
    void shouldTieTaskPriorityToCr8() {
        apic.setTaskPriorityClass(7);
        assertEquals(0x70, bench.read(0x80));
        bench.write(0x80, 0x5a);
        assertEquals(5, apic.taskPriorityClass());
    }

    @Test
    void shouldCountAtMostTwoNmis() {
        for (int i = 0; i < 3; i++) {
            apic.receive(DeliveryMode.NMI, 0, false);
        }
        assertEquals(2, apic.takeNmis());
        assertEquals(0, apic.takeNmis());
        assertEquals(List.of(Signal.NMI, Signal.NMI, Signal.NMI), bench.signals.getFirst());
    }

    @Test
    void shouldForgetStartupThatCameBeforeInit() {
        apic.receive(DeliveryMode.STARTUP, 0x10, false);
        apic.receive(DeliveryMode.INIT, 0, false);
        assertTrue(apic.takeInit());
        assertFalse(apic.takeInit());
        assertEquals(LocalApic.NONE, apic.takeStartup());
    }

    @Test
    void shouldKeepStartupThatFollowsInit() {
        apic.receive(DeliveryMode.INIT, 0, false);
        apic.receive(DeliveryMode.STARTUP, 0x10, false);
        assertTrue(apic.takeInit());
        apic.init();
        assertEquals(0x10, apic.takeStartup());
        assertEquals(LocalApic.NONE, apic.takeStartup());
    }

    @Test
    void shouldIgnoreSystemManagementInterrupts() {
        apic.receive(DeliveryMode.SMI, 0, false);
        assertEquals(List.of(), bench.signals.getFirst());
    }
}
