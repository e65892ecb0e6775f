package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import portcullis.engine.EngineCapabilities;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.FakeCpu;
import portcullis.hypervisor.FakeMachine;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.ThreadPerProcessor;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** A partition that has not been started, with VPs on fake CPUs and trust levels whose message pages can be read. */
final class LevelBench implements AutoCloseable {
    /** Where each level of each VP has its message page. */
    private static final long MESSAGES = 0x80000;

    private static final int MASKED = 1 << 16;
    private static final int HEADER = 16;

    /** A message as its slot has it. */
    record Told(int type, ByteBuffer payload) {
        int byteAt(int offset) {
            return payload.get(offset) & 0xff;
        }

        int shortAt(int offset) {
            return payload.getShort(offset) & 0xffff;
        }

        int intAt(int offset) {
            return payload.getInt(offset);
        }

        long longAt(int offset) {
            return payload.getLong(offset);
        }
    }

    private final FakeMachine machine;
    final Partition partition;

    /** Nobody has enabled a level on a VP yet. */
    LevelBench(int processors, boolean registerIntercepts) {
        machine = new FakeMachine(
                processors,
                new VirtualAlarms(new VirtualClock(1)),
                new ThreadPerProcessor(),
                new HypervConfig(true, HypervConfig.usual(), 2),
                new EngineCapabilities(true, true, GuestMemory.LEVELS, registerIntercepts, false));
        partition = machine.partition;
        partition.memory().addRam(0, 0x100000);
        for (int level = 1; level < GuestMemory.LEVELS; level++) {
            int wanted = level;
            assertEquals(
                    HvStatus.SUCCESS,
                    partition.trustLevels().enable(level - 1, level, true, () -> partition.openLevel(wanted)));
        }
        vp(0).context().setActivityBits(0);
    }

    /** One VP with levels 1 and 2. */
    static LevelBench complete() {
        LevelBench bench = new LevelBench(1, true);
        bench.enable(0, 1);
        bench.enable(0, 2);
        return bench;
    }

    VirtualProcessor vp(int index) {
        return partition.processors().get(index);
    }

    FakeCpu cpu() {
        return machine.cpus.getFirst();
    }

    /** Gives a VP a level that takes messages. */
    void enable(int vp, int level) {
        vp(vp).enableLevel(level, cpu -> {});
        Synic synic = vp(vp).context(level).synic();
        synic.writeMsr(HvMsr.SCONTROL, 1);
        synic.writeMsr(HvMsr.SIMP, messages(vp, level) | 1);
        synic.writeMsr(HvMsr.SINT0, MASKED | 0x50);
    }

    private static long messages(int vp, int level) {
        return MESSAGES + 0x1000L * (vp * GuestMemory.LEVELS + level);
    }

    SecureConfig config(int level) {
        return vp(0).context(level).secureConfig();
    }

    /** VP 0 runs in this level, as if nothing had been entered or left. */
    void runIn(int level) {
        while (active() != 0) {
            vp(0).levels().leave(true);
        }
        for (int above = 1; above <= level; above++) {
            vp(0).levels().enter(above, 1);
        }
    }

    /** VP 0's. */
    int active() {
        return vp(0).context().level();
    }

    ExitDetails exit() {
        return cpu().exit();
    }

    /** Takes the message that a level of VP 0 has, and lets the next one in; null where there is none. */
    Told take(int level) {
        var view = partition.memory().view(level);
        long slot = messages(0, level);
        int type = view.getInt(slot);
        if (type == 0) {
            return null;
        }
        byte[] payload = new byte[view.getByte(slot + 4) & 0xff];
        view.read(slot + HEADER, payload, 0, payload.length);
        view.putInt(slot, 0);
        vp(0).context(level).synic().writeMsr(HvMsr.EOM, 0);
        return new Told(type, ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** The level that has been told something, which is taken; 0 for none. */
    int told() {
        int told = 0;
        for (int level = 1; level < GuestMemory.LEVELS; level++) {
            VtlContext context = vp(0).context(level);
            if (context != null && take(level) != null) {
                told += level;
            }
        }
        return told;
    }

    @Override
    public void close() {
        machine.close();
    }
}
