package portcullis.machine.loader;

import java.util.ArrayList;
import java.util.List;

/**
 * What a loader needs of an ELF executable, 32 or 64 bits (System V ABI, chapters 4 and 5).
 *
 * @param wide ELF64
 * @param entry where it starts, as the header has it
 * @param segments PT_LOAD entries with a size in memory, in the file's order
 * @param pvhEntry physical address from a XEN_ELFNOTE_PHYS32_ENTRY note, or {@link #NO_ENTRY}
 */
record ElfImage(Image image, boolean wide, long entry, List<LoadSegment> segments, long pvhEntry) {
    static final long NO_ENTRY = -1;

    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int EXECUTABLE = 2;
    private static final int SHARED = 3;
    private static final int MACHINE_386 = 3;
    private static final int MACHINE_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_INTERP = 3;
    private static final int PT_NOTE = 4;
    /** Xen's public/elfnote.h: a 32-bit entry point for PVH guests. */
    private static final int PHYS32_ENTRY = 18;

    private static final int HEADER_32 = 52;
    private static final int HEADER_64 = 64;
    private static final int PROGRAM_HEADER_32 = 32;
    private static final int PROGRAM_HEADER_64 = 56;
    /** Real kernels have a handful; the format allows 65535 and more. */
    private static final int MAX_PROGRAM_HEADERS = 1024;

    private static final int MAX_NOTES = 1 << 20;

    /** A part of the file that goes to physical address {@code physical}; the rest, up to {@code memorySize}, is zero. */
    record LoadSegment(long offset, long fileSize, long physical, long virtual, long memorySize) {}

    private record ProgramHeader(int type, LoadSegment segment) {}

    static boolean recognises(Image image) throws LoadException {
        return image.size() >= 4 && new Fields(image.read(0, 4)).i32(0) == MAGIC;
    }

    /** Reads the headers of a file that {@link #recognises} took. */
    static ElfImage parse(Image image) throws LoadException {
        Fields identity = new Fields(image.read(0, 16));
        boolean wide = identity.u8(4) == CLASS_64;
        Fields header = new Fields(image.read(0, wide ? HEADER_64 : HEADER_32));
        int machine = header.u16(18);
        int type = header.u16(16);
        if (identity.u8(5) != LITTLE_ENDIAN || (machine != MACHINE_386 && machine != MACHINE_X86_64)) {
            throw new LoadException(
                    "%s is an ELF file for another processor; give one for x86".formatted(image.name()));
        }
        if (type != EXECUTABLE && type != SHARED) {
            throw new LoadException(
                    "%s is an ELF file but no executable; give the linked kernel".formatted(image.name()));
        }
        List<LoadSegment> segments = new ArrayList<>();
        long pvhEntry = NO_ENTRY;
        for (ProgramHeader part : programHeaders(image, header, wide)) {
            LoadSegment segment = part.segment;
            if (part.type == PT_INTERP) {
                throw new LoadException("%s is a program for an operating system, which it would need; give a kernel"
                        .formatted(image.name()));
            }
            if (part.type != PT_LOAD && part.type != PT_NOTE) {
                continue;
            }
            if (segment.offset < 0 || segment.fileSize < 0 || segment.offset > image.size() - segment.fileSize) {
                throw image.truncated(
                        "a segment of %d bytes at %d is missing".formatted(segment.fileSize, segment.offset));
            }
            if (part.type == PT_NOTE) {
                pvhEntry = pvhEntry == NO_ENTRY ? findPvhEntry(image, segment) : pvhEntry;
            } else if (segment.memorySize < segment.fileSize) {
                throw new LoadException(
                        "%s is damaged: a segment is larger in the file than in memory; get a complete copy of it"
                                .formatted(image.name()));
            } else if (segment.memorySize > 0) {
                segments.add(segment);
            }
        }
        if (segments.isEmpty()) {
            throw new LoadException(
                    "%s has nothing to load: no PT_LOAD segment; give the linked kernel".formatted(image.name()));
        }
        long entry = wide ? header.i64(24) : header.u32(24);
        return new ElfImage(image, wide, entry, List.copyOf(segments), pvhEntry);
    }

    private static List<ProgramHeader> programHeaders(Image image, Fields header, boolean wide) throws LoadException {
        long table = wide ? header.i64(32) : header.u32(28);
        int entrySize = header.u16(wide ? 54 : 42);
        int count = header.u16(wide ? 56 : 44);
        if (count > MAX_PROGRAM_HEADERS || (count > 0 && entrySize < (wide ? PROGRAM_HEADER_64 : PROGRAM_HEADER_32))) {
            throw new LoadException("%s is damaged: %d program headers of %d bytes; get a complete copy of it"
                    .formatted(image.name(), count, entrySize));
        }
        if (table < 0) {
            throw image.truncated("its program headers are missing");
        }
        Fields fields = new Fields(image.read(table, count * entrySize));
        List<ProgramHeader> headers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            headers.add(programHeader(fields, i * entrySize, wide));
        }
        return headers;
    }

    private static ProgramHeader programHeader(Fields fields, int at, boolean wide) {
        LoadSegment segment = wide
                ? new LoadSegment(
                        fields.i64(at + 8),
                        fields.i64(at + 32),
                        fields.i64(at + 24),
                        fields.i64(at + 16),
                        fields.i64(at + 40))
                : new LoadSegment(
                        fields.u32(at + 4),
                        fields.u32(at + 16),
                        fields.u32(at + 12),
                        fields.u32(at + 8),
                        fields.u32(at + 20));
        return new ProgramHeader(fields.i32(at), segment);
    }

    private static long findPvhEntry(Image image, LoadSegment notes) throws LoadException {
        if (notes.fileSize > MAX_NOTES) {
            return NO_ENTRY;
        }
        Fields fields = new Fields(image.read(notes.offset, (int) notes.fileSize));
        long at = 0;
        while (at + 12 <= fields.length()) {
            long nameSize = fields.u32((int) at);
            long contentSize = fields.u32((int) at + 4);
            int type = fields.i32((int) at + 8);
            long content = at + 12 + (nameSize + 3 & -4);
            long next = content + (contentSize + 3 & -4);
            if (content + contentSize > fields.length()) {
                return NO_ENTRY;
            }
            boolean xen = nameSize == 4 && fields.i32((int) at + 12) == 0x006e6558;
            if (xen && type == PHYS32_ENTRY && (contentSize == 4 || contentSize == 8)) {
                return fields.u32((int) content);
            }
            at = next;
        }
        return NO_ENTRY;
    }

    /** The entry point as a physical address: where the header has a virtual one, the segment that holds it tells. */
    long physicalEntry() {
        for (LoadSegment segment : segments) {
            if (Long.compareUnsigned(entry - segment.virtual, segment.memorySize) < 0) {
                return entry - segment.virtual + segment.physical;
            }
        }
        return entry;
    }

    /** Claims the room of all segments, then fills them. Returns the end of the highest. */
    long place(Placement placement) throws LoadException {
        long end = 0;
        for (LoadSegment segment : segments) {
            placement.claim(image.name(), segment.physical, segment.memorySize);
            end = Math.max(end, segment.physical + segment.memorySize);
        }
        for (LoadSegment segment : segments) {
            placement.copy(image, segment.offset, segment.fileSize, segment.physical);
            placement.zero(segment.physical + segment.fileSize, segment.memorySize - segment.fileSize);
        }
        return end;
    }

    /** Whether a physical address lies in what is loaded. */
    boolean holds(long physical) {
        return segments.stream()
                .anyMatch(segment -> physical >= segment.physical && physical - segment.physical < segment.memorySize);
    }

    /** @throws LoadException where {@code physical} is not in what is loaded: the kernel would run into nothing */
    long checkedEntry(long physical) throws LoadException {
        if (!holds(physical)) {
            throw new LoadException(
                    "%s is damaged: its entry point 0x%x lies outside of all it loads; get a complete copy of it"
                            .formatted(image.name(), physical));
        }
        return physical;
    }
}
