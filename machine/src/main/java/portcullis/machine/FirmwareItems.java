package portcullis.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.firmware.FwCfg;
import portcullis.machine.loader.BootRequest;
import portcullis.machine.loader.Image;
import portcullis.machine.loader.LoadException;

/** What the machine tells firmware and test kernels through fw_cfg: its size, its memory map, and the kernel it was given. */
final class FirmwareItems {
    private static final int E820_ENTRY = 20;
    /** Larger files are not handed over: an item is an array. */
    private static final long MAX_ITEM = 1L << 30;

    private FirmwareItems() {}

    static void store(FwCfg items, MachineConfig config, BootRequest boot) {
        items.putShort(FwCfg.CPU_COUNT, config.processors());
        items.putShort(FwCfg.MAX_CPUS, config.processors());
        items.putLong(FwCfg.RAM_SIZE, config.ramBytes());
        items.add("etc/e820", e820(boot.map()));
        String words = boot.commandLine();
        items.putInt(FwCfg.COMMAND_LINE_SIZE, words.getBytes(StandardCharsets.UTF_8).length + 1);
        items.putString(FwCfg.COMMAND_LINE_DATA, words);
        kernel(items, boot.kernel());
        if (boot.modules().size() == 1) {
            Image initrd = boot.modules().getFirst().image();
            part(items, FwCfg.INITRD_SIZE, FwCfg.INITRD_DATA, initrd, 0, initrd.size());
        }
    }

    private static byte[] e820(List<MemoryMap.Entry> map) {
        ByteBuffer table = ByteBuffer.allocate(map.size() * E820_ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        for (MemoryMap.Entry entry : map) {
            table.putLong(entry.gpa()).putLong(entry.size()).putInt(entry.type().number());
        }
        return table.array();
    }

    /** A bzImage in two parts: the real-mode sectors, and the rest. Other kernels whole. */
    private static void kernel(FwCfg items, Image kernel) {
        long setup = setupSize(kernel);
        part(items, FwCfg.SETUP_SIZE, FwCfg.SETUP_DATA, kernel, 0, setup);
        part(items, FwCfg.KERNEL_SIZE, FwCfg.KERNEL_DATA, kernel, setup, kernel.size() - setup);
    }

    private static long setupSize(Image kernel) {
        try {
            byte[] start = kernel.size() < 0x206 ? new byte[0x206] : kernel.read(0, 0x206);
            boolean linux = new String(start, 0x202, 4, StandardCharsets.ISO_8859_1).equals("HdrS");
            int sectors = start[0x1f1] == 0 ? 4 : start[0x1f1] & 0xff;
            return linux ? Math.min((sectors + 1) * 512L, kernel.size()) : 0;
        } catch (LoadException e) {
            return 0;
        }
    }

    private static void part(FwCfg items, int sizeItem, int dataItem, Image image, long from, long size) {
        if (size > 0 && size <= MAX_ITEM) {
            items.putInt(sizeItem, (int) size);
            items.put(dataItem, content(image, from, (int) size));
        }
    }

    /** Zeroes where the file has gone: firmware checks what it loads. */
    private static Supplier<byte[]> content(Image image, long from, int size) {
        return () -> {
            try {
                return image.read(from, size);
            } catch (LoadException e) {
                return new byte[size];
            }
        };
    }
}
