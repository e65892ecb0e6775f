package portcullis.machine.loader;

/**
 * A multiboot 1 header (Multiboot Specification 0.6.96, section 3.1).
 *
 * @param offset where it is in the file
 * @param flags what the kernel asks for
 * @param fields the header, as much of it as the file has
 */
record MultibootHeader(long offset, int flags, Fields fields) {
    private static final int SEARCHED = 8192;
    private static final int MAGIC = 0x1bad_b002;
    /** The header has load addresses of its own (the a.out kludge). */
    private static final int HAS_ADDRESSES = 1 << 16;
    /** Requests that a loader must meet or refuse, other than page alignment, memory information and video mode. */
    private static final int UNKNOWN_REQUIREMENTS = 0xfff8;

    private static final int WITHOUT_ADDRESSES = 12;
    private static final int WITH_ADDRESSES = 32;

    /** The first valid header, or null. */
    static MultibootHeader find(Image image) throws LoadException {
        Fields start = new Fields(image.read(0, (int) Math.min(SEARCHED, image.size())));
        for (int at = 0; at + WITHOUT_ADDRESSES <= start.length(); at += 4) {
            int flags = start.i32(at + 4);
            if (start.i32(at) == MAGIC && MAGIC + flags + start.i32(at + 8) == 0) {
                int length = (int) Math.min(WITH_ADDRESSES, image.size() - at);
                MultibootHeader header = new MultibootHeader(at, flags, new Fields(image.read(at, length)));
                return header.checked(image);
            }
        }
        return null;
    }

    private MultibootHeader checked(Image image) throws LoadException {
        if ((flags & UNKNOWN_REQUIREMENTS) != 0) {
            throw new LoadException(
                    "%s asks for multiboot features that do not exist (flags 0x%x); the file is damaged or of a later protocol"
                            .formatted(image.name(), flags));
        }
        if (hasAddresses() && fields.length() < WITH_ADDRESSES) {
            throw image.truncated("its multiboot header is cut off");
        }
        return this;
    }

    boolean hasAddresses() {
        return (flags & HAS_ADDRESSES) != 0;
    }

    long headerAddress() {
        return fields.u32(12);
    }

    long loadAddress() {
        return fields.u32(16);
    }

    /** End of what is in the file, 0 for all of it. */
    long loadEnd() {
        return fields.u32(20);
    }

    /** End of what is zeroed, 0 for nothing. */
    long bssEnd() {
        return fields.u32(24);
    }

    long entry() {
        return fields.u32(28);
    }
}
