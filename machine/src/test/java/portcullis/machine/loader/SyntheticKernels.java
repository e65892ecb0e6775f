package portcullis.machine.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

/** Small images of every format, and machines to load them into. */
final class SyntheticKernels {
    static final int MIB = 1 << 20;
    static final long RSDP = 0xe0010;

    private SyntheticKernels() {}

    static GuestMemory memory(long bytes) {
        GuestMemory memory = new GuestMemory(MemoryMap.addressBits(bytes));
        MemoryMap.ram(bytes).forEach(range -> memory.addRam(range.gpa(), range.size()));
        return memory;
    }

    static BootRequest request(GuestMemory memory, long ram, byte[] kernel, String append, byte[]... modules) {
        return new BootRequest(
                memory,
                MemoryMap.e820(ram),
                RSDP,
                Image.of("kernel", kernel),
                Arrays.stream(modules)
                        .map(bytes -> new BootRequest.Module(Image.of("module", bytes), "module with words"))
                        .toList(),
                append,
                LoadProgress.NONE);
    }

    /** A bzImage with two setup sectors and 4 KiB of payload that begins with 0xC0DE. */
    static byte[] bzImage(boolean wide) {
        ByteBuffer image = buffer(3 * 512 + 4096);
        image.put(0x1f1, (byte) 2);
        image.putInt(0x1f4, 4096 / 16);
        image.putShort(0x1fe, (short) 0xaa55);
        image.put(0x201, (byte) (0x268 - 0x202));
        image.putInt(0x202, 0x53726448);
        image.putShort(0x206, (short) 0x20f);
        image.put(0x211, (byte) 1);
        image.putInt(0x214, 0x100000);
        image.putInt(0x22c, 0x7fffffff);
        image.putInt(0x230, 0x200000);
        image.put(0x234, (byte) 1);
        image.putShort(0x236, (short) (wide ? 1 : 0));
        image.putInt(0x238, 255);
        image.putInt(0x248, 0);
        image.putInt(0x24c, 4000);
        image.putLong(0x258, 0x1000000);
        image.putInt(0x260, 3 * MIB);
        image.putShort(3 * 512, (short) 0xc0de);
        return image.array();
    }

    record Segment(int type, long virtual, long physical, byte[] content, long memorySize) {}

    static byte[] elf(boolean wide, long entry, List<Segment> segments) {
        int header = wide ? 64 : 52;
        int programHeader = wide ? 56 : 32;
        int size = header + segments.size() * programHeader;
        int content = size;
        for (Segment segment : segments) {
            size += segment.content.length;
        }
        ByteBuffer elf = buffer(size);
        elf.putInt(0, 0x464c457f);
        elf.put(4, (byte) (wide ? 2 : 1));
        elf.put(5, (byte) 1);
        elf.putShort(16, (short) 2);
        elf.putShort(18, (short) (wide ? 62 : 3));
        if (wide) {
            elf.putLong(24, entry);
            elf.putLong(32, header);
            elf.putShort(54, (short) programHeader);
            elf.putShort(56, (short) segments.size());
        } else {
            elf.putInt(24, (int) entry);
            elf.putInt(28, header);
            elf.putShort(42, (short) programHeader);
            elf.putShort(44, (short) segments.size());
        }
        int at = header;
        for (Segment segment : segments) {
            long[] fields = {content, segment.virtual, segment.physical, segment.content.length, segment.memorySize};
            elf.putInt(at, segment.type);
            for (int i = 0; i < fields.length; i++) {
                if (wide) {
                    elf.putLong(at + 8 + 8 * i, fields[i]);
                } else {
                    elf.putInt(at + 4 + 4 * i, (int) fields[i]);
                }
            }
            elf.put(content, segment.content);
            content += segment.content.length;
            at += programHeader;
        }
        return elf.array();
    }

    /** A multiboot header without addresses, then {@code 0xC0DE}. */
    static byte[] multibootContent() {
        ByteBuffer content = buffer(64);
        content.putInt(0, 0x1badb002).putInt(4, 3).putInt(8, -(0x1badb002 + 3)).putShort(12, (short) 0xc0de);
        return content.array();
    }

    static byte[] multibootElf(boolean wide) {
        return elf(wide, 0x10000c, List.of(new Segment(1, 0x100000, 0x100000, multibootContent(), 8192)));
    }

    /** Multiboot with addresses in the header: loaded at 1 MiB, header 16 bytes into the image, 4 KiB of zeroes behind. */
    static byte[] multibootFlat() {
        ByteBuffer image = buffer(256);
        int flags = 1 << 16;
        image.putInt(16, 0x1badb002).putInt(20, flags).putInt(24, -(0x1badb002 + flags));
        image.putInt(28, 0x100010)
                .putInt(32, 0x100000)
                .putInt(36, 0x100000 + 256)
                .putInt(40, 0x101100)
                .putInt(44, 0x100040);
        image.putShort(0x40, (short) 0xc0de);
        return image.array();
    }

    static byte[] pvhNote(int entry) {
        ByteBuffer note = buffer(20);
        note.putInt(4).putInt(4).putInt(18).putInt(0x006e6558).putInt(entry);
        return note.array();
    }

    /** A vmlinux with a virtual entry point and a PVH note. */
    static byte[] pvhElf(boolean wide) {
        long virtual = wide ? 0xffffffff81000000L : 0xc1000000L;
        return elf(
                wide,
                virtual + 4,
                List.of(
                        new Segment(1, virtual, 0x1000000, new byte[] {(byte) 0xde, (byte) 0xc0}, 65536),
                        new Segment(4, 0, 0, pvhNote(0x1000100), 0)));
    }

    static byte[] bootSector() {
        ByteBuffer sector = buffer(512);
        sector.putShort(0, (short) 0xc0de).putShort(510, (short) 0xaa55);
        return sector.array();
    }

    static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    static String string(GuestMemory memory, long gpa) {
        StringBuilder text = new StringBuilder();
        for (byte b = memory.getByte(gpa); b != 0; b = memory.getByte(++gpa)) {
            text.append((char) b);
        }
        return text.toString();
    }
}
