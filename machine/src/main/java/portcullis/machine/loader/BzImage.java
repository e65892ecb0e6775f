package portcullis.machine.loader;

/**
 * The setup header of a Linux bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"); offsets are those of
 * the document.
 *
 * @param header the first sectors of the file, up to the end of the setup header
 * @param payload where the protected-mode part begins in the file
 * @param payloadSize its bytes
 */
record BzImage(Image image, Fields header, long payload, long payloadSize) {
    static final int HEADER_START = 0x1f1;

    private static final int BOOT_FLAG = 0xaa55;
    private static final int MAGIC = 0x53726448;
    private static final int PROTOCOL_2_06 = 0x206;
    private static final int PROTOCOL_2_08 = 0x208;
    private static final int PROTOCOL_2_10 = 0x20a;
    private static final int PROTOCOL_2_12 = 0x20c;
    private static final int SECTOR = 512;
    private static final int HEADER_BYTES = 0x290;
    private static final int LOADED_HIGH = 1;
    private static final int HAS_64_BIT_ENTRY = 1;
    private static final int CODE64_OFFSET = 0x200;
    private static final long HIGH_LOAD = 0x100000;

    /** Reads the header, or returns null where there is none. */
    static BzImage parse(Image image) throws LoadException {
        if (image.size() < 0x206) {
            return null;
        }
        Fields start = new Fields(image.read(0, 0x206));
        if (start.u16(0x1fe) != BOOT_FLAG || start.i32(0x202) != MAGIC) {
            return null;
        }
        Fields header = new Fields(image.read(0, HEADER_BYTES));
        if (header.u16(0x206) < PROTOCOL_2_06 || (header.u8(0x211) & LOADED_HIGH) == 0) {
            throw new LoadException("%s is too old a Linux kernel (boot protocol %d.%02d); give one of 2.6.22 or later"
                    .formatted(image.name(), header.u8(0x207), header.u8(0x206)));
        }
        int setupSectors = header.u8(0x1f1) == 0 ? 4 : header.u8(0x1f1);
        long payload = (setupSectors + 1L) * SECTOR;
        long promised = payload + 16 * header.u32(0x1f4);
        if (header.u16(0x206) >= PROTOCOL_2_08) {
            promised = Math.max(promised, payload + header.u32(0x248) + header.u32(0x24c));
        }
        if (promised > image.size() || payload >= image.size()) {
            throw image.truncated("its header promises " + promised);
        }
        return new BzImage(image, header, payload, image.size() - payload);
    }

    private boolean atLeast(int protocol) {
        return header.u16(0x206) >= protocol;
    }

    /** Whether the kernel can be entered in long mode; a 32-bit kernel cannot. */
    boolean has64BitEntry() {
        return atLeast(PROTOCOL_2_12) && (header.u16(0x236) & HAS_64_BIT_ENTRY) != 0;
    }

    /** Where the protected-mode part wants to be. */
    long preferredAddress() {
        return atLeast(PROTOCOL_2_10) ? header.i64(0x258) : HIGH_LOAD;
    }

    boolean relocatable() {
        return header.u8(0x234) != 0;
    }

    /** Alignment of a place other than the preferred one; a power of two. */
    long alignment() {
        long alignment = header.u32(0x230);
        return Long.bitCount(alignment) == 1 ? Math.max(alignment, 4096) : 1L << 24;
    }

    /** Memory that the kernel needs from its load address on before it reads the memory map. */
    long initSize() {
        return Math.max(payloadSize, atLeast(PROTOCOL_2_10) ? header.u32(0x260) : 0);
    }

    /** Offset of the 64-bit entry point from the load address. */
    long entry64() {
        return CODE64_OFFSET;
    }

    /** The highest address that the last byte of the initial RAM disk may have. */
    long initrdMax() {
        return header.u32(0x22c);
    }

    /** Bytes that a command line may have, without the terminating zero. */
    long commandLineMax() {
        return header.u32(0x238);
    }

    /** Copies the setup header into the zero page, as far as this kernel's header goes. */
    void copyHeader(Fields zeroPage) {
        int end = 0x202 + header.u8(0x201);
        byte[] bytes = header.buffer().array();
        zeroPage.putBytes(HEADER_START, bytes, HEADER_START, Math.min(end, bytes.length) - HEADER_START);
    }
}
