package portcullis.machine.config;

import java.util.List;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.machine.MemoryMap;

/**
 * The shape of a machine.
 *
 * @param processors 1 to {@link #MAX_PROCESSORS}
 * @param ramBytes a multiple of 4 KiB, {@link MemoryMap#MIN_RAM} to {@link MemoryMap#MAX_RAM}
 * @param boot what it starts
 * @param disks virtio block devices, in slot order
 * @param time what makes its time pass
 * @param console what the user's end is plugged into
 * @param hyperv what of Microsoft's hypervisor interface the guest finds
 */
public record MachineConfig(
        int processors,
        long ramBytes,
        BootFiles boot,
        List<DiskFile> disks,
        TimeSource time,
        ConsoleKind console,
        HypervConfig hyperv) {
    /** APIC ids 0 to 254, so that every guest can reach all of them, with x2APIC or without. */
    public static final int MAX_PROCESSORS = 255;

    /** Slots that are left to disks. */
    public static final int MAX_DISKS = 16;

    /** With a serial console, without Microsoft's hypervisor interface. */
    public MachineConfig(int processors, long ramBytes, BootFiles boot, List<DiskFile> disks, TimeSource time) {
        this(processors, ramBytes, boot, disks, time, ConsoleKind.SERIAL, HypervConfig.OFF);
    }

    /** @throws IllegalArgumentException where a figure is out of range; the message says which */
    public MachineConfig {
        if (processors < 1 || processors > MAX_PROCESSORS) {
            throw new IllegalArgumentException(
                    "a machine has 1 to %d processors, not %d".formatted(MAX_PROCESSORS, processors));
        }
        if (ramBytes < MemoryMap.MIN_RAM || ramBytes > MemoryMap.MAX_RAM || ramBytes % 4096 != 0) {
            throw new IllegalArgumentException(
                    "a machine has 1 MiB to 64 GiB of memory in steps of 4 KiB, not %d bytes".formatted(ramBytes));
        }
        if (disks.size() > MAX_DISKS) {
            throw new IllegalArgumentException(
                    "a machine has at most %d disks, not %d".formatted(MAX_DISKS, disks.size()));
        }
        disks = List.copyOf(disks);
    }

    /** The same machine with another kind of time. */
    public MachineConfig withTime(TimeSource other) {
        return new MachineConfig(processors, ramBytes, boot, disks, other, console, hyperv);
    }
}
