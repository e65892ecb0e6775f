package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvMsr;

/** SynICs with real local APICs and memory, on a clock that moves by hand. */
final class SynicBench implements AutoCloseable, SynicDirectory {
    /** Where a VP's pages are, by its index. */
    static final long MESSAGES = 0x10000;

    static final long EVENTS = 0x20000;
    static final int VECTOR = 0x80;

    final VirtualClock clock = new VirtualClock(1);
    final VirtualAlarms alarms = new VirtualAlarms(clock);
    final GuestMemory memory = new GuestMemory(24);
    final MemoryView view;
    final List<LocalApic> apics = new ArrayList<>();
    final List<Synic> synics = new ArrayList<>();
    final Connections connections = new Connections(this);

    SynicBench(int processors) {
        memory.addRam(0, 0x100000);
        view = memory.view(0);
        InterruptFabric fabric = new InterruptFabric();
        ReferenceTime reference = new ReferenceTime(clock);
        PartitionTrace trace = new PartitionTrace(clock);
        for (int i = 0; i < processors; i++) {
            LocalApic apic = new LocalApic(i, i == 0, new ApicFeatures(true, true, 40), alarms, fabric, signal -> {});
            apic.writePage(0xf0, 4, 0x1ff);
            apics.add(apic);
            synics.add(new Synic(0, apic, alarms, reference, memory, trace.vp(i), true));
        }
    }

    /** One VP whose SynIC and pages are enabled, and whose SINTs 0 to 15 have vectors 0x80 to 0x8f. */
    static SynicBench enabled() {
        SynicBench bench = new SynicBench(1);
        bench.enable(0);
        return bench;
    }

    void enable(int vp) {
        write(vp, HvMsr.SCONTROL, 1);
        write(vp, HvMsr.SIMP, MESSAGES + vp * 0x1000L | 1);
        write(vp, HvMsr.SIEFP, EVENTS + vp * 0x1000L | 1);
        for (int sint = 0; sint < 16; sint++) {
            write(vp, HvMsr.SINT0 + sint, VECTOR + sint);
        }
    }

    Synic synic() {
        return synics.getFirst();
    }

    LocalApic apic() {
        return apics.getFirst();
    }

    @Override
    public int processors() {
        return synics.size();
    }

    @Override
    public Synic synic(int vp, int vtl) {
        return vp >= 0 && vp < synics.size() && vtl == 0 ? synics.get(vp) : null;
    }

    // Registers

    void write(int vp, int msr, long value) {
        assertTrue(synics.get(vp).writeMsr(msr, value), "#GP");
    }

    void write(int msr, long value) {
        write(0, msr, value);
    }

    /** The value; null for #GP. */
    Long read(int vp, int msr) {
        ExitDetails exit = new ExitDetails();
        return synics.get(vp).readMsr(msr, exit) ? exit.value : null;
    }

    Long read(int msr) {
        return read(0, msr);
    }

    void endOfMessage() {
        write(HvMsr.EOM, 0);
    }

    // The message page of VP 0

    static long slot(int sint) {
        return MESSAGES + sint * 256L;
    }

    int type(int sint) {
        return view.getInt(slot(sint));
    }

    int payloadSize(int sint) {
        return view.getByte(slot(sint) + 4) & 0xff;
    }

    boolean pending(int sint) {
        return (view.getByte(slot(sint) + 5) & 1) != 0;
    }

    long payload(int sint, int index) {
        return view.getLong(slot(sint) + 16 + index * 8L);
    }

    /** Takes the message: its first eight bytes of payload. */
    long consume(int sint) {
        long payload = payload(sint, 0);
        view.putInt(slot(sint), 0);
        return payload;
    }

    /** A message whose first eight bytes are {@code number}. */
    static SynicMessage message(long number) {
        byte[] payload = new byte[8];
        for (int i = 0; i < 8; i++) {
            payload[i] = (byte) (number >>> 8 * i);
        }
        return new SynicMessage(1, 0x55, payload);
    }

    /** The event flags of a SINTx of VP 0, as 32 words of 64. */
    long flags(int sint, int word) {
        return view.getLong(EVENTS + sint * 256L + word * 8L);
    }

    // Interrupts and time

    /** Takes the interrupt that is deliverable at a VP, and ends it unless it does so itself; NONE where there is none. */
    int interrupt(int vp) {
        LocalApic apic = apics.get(vp);
        if (apic.deliverable() == LocalApic.NONE) {
            return LocalApic.NONE;
        }
        int vector = apic.acknowledge();
        if ((apic.readPage(0x100 + (vector >>> 5) * 16, 4) >>> (vector & 31) & 1) != 0) {
            apic.endOfInterrupt();
        }
        return vector;
    }

    int interrupt() {
        return interrupt(0);
    }

    /** In 100 ns units. */
    long now() {
        return clock.ticks() / 100;
    }

    /** Moves the clock to {@code time}, in 100 ns units, and runs what is due. */
    void timeIs(long time) {
        clock.advanceTo(time * 100);
        while (alarms.fireDue() > 0) {
            // what was set for now meanwhile
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
