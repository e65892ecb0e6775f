package portcullis.soft.cpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import portcullis.engine.Access;
import portcullis.engine.Translation;
import portcullis.memory.GuestMemory;
import portcullis.memory.Protection;
import portcullis.memory.host.HostMemory;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.mmu.Tlb;
import portcullis.soft.state.State;

/**
 * Loads and stores by linear address, through the two levels of TLB.
 *
 * <p>The fast path is one compare: the first-level entry's tag holds page and context id. An access that crosses a page
 * compares unequal by construction. Everything else (miss, MMIO, code pages, page crossings, alignment checks, data
 * breakpoints) goes the slow way, which decides anew from the second level or the page tables.
 */
public abstract class LinearMemory extends Translations {
    /** What must not be refused for an access. */
    private static final int READING = Protection.READ;

    private static final int WRITING = Protection.READ | Protection.WRITE;

    /** A backing address without memory. */
    private static final long NOWHERE = 1L << 62;

    /**
     * What is under way can neither be undone nor executed again: what protections refuse meanwhile is open bus. Set together
     * with {@link Cpu#openBus}.
     */
    public boolean committed;

    private static final int FETCHES = 64;

    /** Guest physical address that the last {@link #translate} found, whatever lies over it. */
    private long translated;

    /** Pages that code was fetched from last, by page number: page, code context, backing address. */
    private final long[] fetchPage = new long[FETCHES];

    private final long[] fetchContext = new long[FETCHES];
    private final long[] fetchAddress = new long[FETCHES];

    protected final Fault fault = new Fault();

    protected LinearMemory(GuestMemory memory, int physicalBits) {
        super(memory, physicalBits);
    }

    // ---- fast path ---------------------------------------------------------------------------------------------

    public final int read8(long la) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la & PAGE | contextTag)) {
            return HostMemory.getByteAcquire(la + HostMemory.getLong(entry + State.TLB_ADDEND)) & 0xff;
        }
        return (int) readSlow(la, 1);
    }

    public final int read16(long la) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la + 1 & PAGE | contextTag)) {
            return HostMemory.getShortAcquire(la + HostMemory.getLong(entry + State.TLB_ADDEND)) & 0xffff;
        }
        return (int) readSlow(la, 2);
    }

    /** Zero-extended. */
    public final long read32(long la) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la + 3 & PAGE | contextTag)) {
            return HostMemory.getIntAcquire(la + HostMemory.getLong(entry + State.TLB_ADDEND)) & 0xffffffffL;
        }
        return readSlow(la, 4);
    }

    public final long read64(long la) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la + 7 & PAGE | contextTag)) {
            return HostMemory.getLongAcquire(la + HostMemory.getLong(entry + State.TLB_ADDEND));
        }
        return readSlow(la, 8);
    }

    /** Reads 1, 2, 4 or 8 bytes, zero-extended. */
    public final long read(long la, int size) {
        return switch (size) {
            case 1 -> read8(la);
            case 2 -> read16(la);
            case 4 -> read32(la);
            default -> read64(la);
        };
    }

    public final void write8(long la, int value) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la & PAGE | contextTag)) {
            HostMemory.putByteRelease(la + HostMemory.getLong(entry + State.TLB_ADDEND), (byte) value);
        } else {
            writeSlow(la, 1, value);
        }
    }

    public final void write16(long la, int value) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la + 1 & PAGE | contextTag)) {
            HostMemory.putShortRelease(la + HostMemory.getLong(entry + State.TLB_ADDEND), (short) value);
        } else {
            writeSlow(la, 2, value);
        }
    }

    public final void write32(long la, long value) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la + 3 & PAGE | contextTag)) {
            HostMemory.putIntRelease(la + HostMemory.getLong(entry + State.TLB_ADDEND), (int) value);
        } else {
            writeSlow(la, 4, value);
        }
    }

    public final void write64(long la, long value) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la + 7 & PAGE | contextTag)) {
            HostMemory.putLongRelease(la + HostMemory.getLong(entry + State.TLB_ADDEND), value);
        } else {
            writeSlow(la, 8, value);
        }
    }

    /** Writes the low 1, 2, 4 or 8 bytes of {@code value}. */
    public final void write(long la, int size, long value) {
        switch (size) {
            case 1 -> write8(la, (int) value);
            case 2 -> write16(la, (int) value);
            case 4 -> write32(la, value);
            default -> write64(la, value);
        }
    }

    /**
     * Host address for a read-modify-write of {@code size} bytes, or 0 where it must go the slow way ({@link #beginModify},
     * {@link #writeSlow}).
     */
    public final long hostForModify(long la, int size) {
        long host = hostForWrite(la, size);
        return host != 0 ? host : fillForModify(la, size);
    }

    private long fillForModify(long la, int size) {
        if (((la ^ la + size - 1) & PAGE) != 0 || bank == USER_ALIGNED) {
            return 0;
        }
        translate(la, Access.WRITE, bank == USER, false);
        return hostForWrite(la, size);
    }

    /** Host address for a write of {@code size} bytes inside one page where the first level has it, or 0. */
    public final long hostForWrite(long la, int size) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la + size - 1 & PAGE | contextTag)) {
            return la + HostMemory.getLong(entry + State.TLB_ADDEND);
        }
        return 0;
    }

    /** Host address for a read of {@code size} (up to 64) bytes inside one page, or 0. */
    public final long hostForRead(long la, int size) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la + size - 1 & PAGE | contextTag)) {
            return la + HostMemory.getLong(entry + State.TLB_ADDEND);
        }
        return 0;
    }

    /** The read half of a read-modify-write that {@link #hostForModify} refused: faults are those of a write. */
    public final long beginModify(long la, int size) {
        probeWrite(la, size);
        return readSlow(la, size);
    }

    /** Raises what a write of {@code size} bytes would raise, and writes nothing. */
    public final void probeWrite(long la, int size) {
        alignmentCheck(la, size);
        boolean user = bank >= USER;
        translate(la, Access.WRITE, user, false);
        long last = wrap(la + size - 1);
        if (((la ^ last) & PAGE) != 0) {
            translate(last & PAGE, Access.WRITE, user, false);
        }
    }

    /** Raises what a read of {@code size} bytes would raise. */
    public final void probeRead(long la, int size) {
        alignmentCheck(la, size);
        boolean user = bank >= USER;
        translate(la, Access.READ, user, false);
        long last = wrap(la + size - 1);
        if (((la ^ last) & PAGE) != 0) {
            translate(last & PAGE, Access.READ, user, false);
        }
    }

    // ---- slow path ---------------------------------------------------------------------------------------------

    /** Linear addresses are 32 bits wide outside 64-bit mode. */
    protected abstract long wrap(long la);

    /** A data breakpoint may watch this access (SDM 17.2.4). */
    protected abstract void watch(long la, int size, boolean write);

    /** Reads where there is no RAM. */
    protected abstract long mmioRead(long gpa, int size);

    protected abstract void mmioWrite(long gpa, int size, long value);

    /**
     * Leaves the instruction because the view's protections refuse an access of it.
     *
     * @param gpa of the access, or of the page table entry for a page walk's
     */
    protected abstract ExitSignal denied(long gpa, long la, boolean hasLa, Access access, boolean pageWalk);

    /** A store hits a page with decoded code, by backing address; may throw to have the instruction executed alone. */
    protected abstract void beforeCodeWrite(long address, int size);

    private void alignmentCheck(long la, int size) {
        if (bank == USER_ALIGNED && size <= 8 && (la & size - 1) != 0) {
            throw fault(Fault.AC, 0);
        }
    }

    private long readSlow(long la, int size) {
        alignmentCheck(la, size);
        return readAs(la, size, bank >= USER, false);
    }

    /** Reads as the processor itself: descriptor tables, TSS; supervisor rights, SMAP applies always. */
    public final long readSystem(long la, int size) {
        long entry = entry(la);
        if (HostMemory.getLong(entry) == (la + size - 1 & PAGE | systemTag)) {
            return readHost(la + HostMemory.getLong(entry + State.TLB_ADDEND), size);
        }
        return readAs(la, size, false, true);
    }

    /** Reads a stack as code at another privilege level would: user or supervisor rights, not implicit. */
    public final long readStack(long la, int size, boolean user) {
        return readAs(la, size, user, false);
    }

    /** Writes a stack as code at another privilege level would. */
    public final void writeStack(long la, int size, long value, boolean user) {
        long entry = entry(la);
        if (HostMemory.getLong(entry + State.TLB_WRITE) == (la + size - 1 & PAGE | tagOf(user, false))) {
            writeHost(la + HostMemory.getLong(entry + State.TLB_ADDEND), size, value);
            return;
        }
        writeAs(la, size, value, user, false);
    }

    private long readAs(long la, int size, boolean user, boolean implicit) {
        if (!fillAllowed) {
            watch(la, size, false);
        }
        if (((la ^ la + size - 1) & PAGE) == 0) {
            return readPhysical(translate(la, Access.READ, user, implicit), size);
        }
        int first = (int) (0x1000 - (la & 0xfff));
        long next = following(la, first);
        long low = translate(la, Access.READ, user, implicit);
        long high = translate(next, Access.READ, user, implicit);
        return readPieces(low, first) | readPieces(high, size - first) << first * 8;
    }

    /** The part of an access beyond its first page. System structures lie above 4 GiB also while 32-bit code runs. */
    private long following(long la, int first) {
        return la >>> 32 != 0 ? la + first : wrap(la + first);
    }

    // These take backing addresses: where there is no memory, that is the guest physical address.

    private long readPieces(long address, int count) {
        if (memory.hostAddress(address) == 0) {
            return mmioRead(address, count);
        }
        long value = 0;
        for (int i = 0; i < count; i++) {
            value |= readPhysical(address + i, 1) << i * 8;
        }
        return value;
    }

    private long readPhysical(long address, int size) {
        long host = memory.hostAddress(address);
        if (host == 0) {
            return mmioRead(address, size);
        }
        return readHost(host, size);
    }

    private static long readHost(long host, int size) {
        return switch (size) {
            case 1 -> HostMemory.getByteAcquire(host) & 0xff;
            case 2 -> HostMemory.getShortAcquire(host) & 0xffff;
            case 4 -> HostMemory.getIntAcquire(host) & 0xffffffffL;
            default -> HostMemory.getLongAcquire(host);
        };
    }

    private static void writeHost(long host, int size, long value) {
        switch (size) {
            case 1 -> HostMemory.putByteRelease(host, (byte) value);
            case 2 -> HostMemory.putShortRelease(host, (short) value);
            case 4 -> HostMemory.putIntRelease(host, (int) value);
            default -> HostMemory.putLongRelease(host, value);
        }
    }

    /** Writes without the first-level TLB. Nothing is written where any byte faults. */
    public final void writeSlow(long la, int size, long value) {
        alignmentCheck(la, size);
        writeAs(la, size, value, bank >= USER, false);
    }

    /** Writes as the processor itself: busy bits, accessed bits of descriptors, TSS. */
    public final void writeSystem(long la, int size, long value) {
        writeAs(la, size, value, false, true);
    }

    private void writeAs(long la, int size, long value, boolean user, boolean implicit) {
        if (!fillAllowed) {
            watch(la, size, true);
        }
        if (((la ^ la + size - 1) & PAGE) == 0) {
            writePhysical(translate(la, Access.WRITE, user, implicit), size, value);
            return;
        }
        int first = (int) (0x1000 - (la & 0xfff));
        long next = following(la, first);
        long low = translate(la, Access.WRITE, user, implicit);
        long lowGpa = translated;
        long high = translate(next, Access.WRITE, user, implicit);
        long highGpa = translated;
        checkCode(low, first);
        checkCode(high, size - first);
        writePieces(low, lowGpa, first, value);
        writePieces(high, highGpa, size - first, value >>> first * 8);
    }

    private void checkCode(long address, int size) {
        if ((memory.pageFlags(address) & GuestMemory.PAGE_CODE) != 0) {
            beforeCodeWrite(address, size);
        }
    }

    private void writePieces(long address, long gpa, int count, long value) {
        GuestMemory.Segment segment = memory.segmentAt(address);
        if (segment == null || !segment.writable()) {
            mmioWrite(gpa, count, value);
            return;
        }
        for (int i = 0; i < count; i++) {
            HostMemory.putByteRelease(memory.hostAddress(address + i), (byte) (value >>> i * 8));
        }
        memory.written(address, count);
    }

    private void writePhysical(long address, int size, long value) {
        GuestMemory.Segment segment = memory.segmentAt(address);
        if (segment == null || !segment.writable()) {
            mmioWrite(translated, size, value);
            return;
        }
        long host = memory.hostAddress(address);
        if ((memory.pageFlags(address) & GuestMemory.PAGE_CODE) != 0) {
            if (isThere(host, size, value)) {
                return;
            }
            beforeCodeWrite(address, size);
        }
        writeHost(host, size, value);
        memory.written(address, size);
    }

    /**
     * Whether a store would change nothing, which then need not be made: the code that was decoded there is still right. The
     * load stands in the store's place: what was stored before it is visible to all first.
     */
    private static boolean isThere(long host, int size, long value) {
        VarHandle.fullFence();
        int shift = 64 - size * 8;
        return readHost(host, size) << shift == value << shift;
    }

    /** Backing address of {@code la} for instruction fetch at the current privilege level. */
    public final long translateFetch(long la) {
        long context = codeContext();
        int index = (int) (la >>> 12) & FETCHES - 1;
        if (fetchPage[index] == (la & PAGE) && fetchContext[index] == context) {
            return fetchAddress[index] | la & ~PAGE;
        }
        long address = translate(la, Access.EXECUTE, bank >= USER, false);
        if (address >= NOWHERE) {
            return address;
        }
        noteFetched(la);
        fetchPage[index] = la & PAGE;
        fetchContext[index] = context;
        fetchAddress[index] = address & PAGE;
        return address;
    }

    /** Whether supervisor mode could execute what user mode executes at {@code la}, as far as the view goes. */
    protected final boolean kernelMayExecute(long la) {
        if (!userExecuteApart()) {
            return true;
        }
        translate(la, Access.EXECUTE, bank >= USER, false);
        return (view.restrictions(translated & PAGE) & Protection.KERNEL_EXECUTE) == 0;
    }

    /** Call it where code contexts begin to repeat. */
    protected final void forgetFetches() {
        Arrays.fill(fetchContext, 0);
    }

    /**
     * Backing address for an access, from the second-level TLB or by a walk; fills the first level where it may. The second
     * level holds guest physical addresses, the first what lies there: a change of the view needs no look at large pages.
     *
     * @param implicit an access of the processor's own: SMAP applies whatever RFLAGS.AC says
     */
    public final long translate(long la, Access access, boolean user, boolean implicit) {
        if ((cr0() & PageWalker.CR0_PG) != 0 && (efer() & PageWalker.EFER_LMA) != 0 && !walker.canonical(la)) {
            Fault gp = fault(Fault.GP, 0);
            gp.nonCanonical = true;
            throw gp;
        }
        boolean mayTouchUser = !implicit && bank == SUPERVISOR;
        if (tlb.lookup(la, pcid)
                && (access != Access.WRITE || tlb.has(Tlb.DIRTY))
                && walker.permitted(
                        access,
                        user,
                        mayTouchUser,
                        tlb.has(Tlb.WRITABLE),
                        tlb.has(Tlb.USER),
                        tlb.has(Tlb.EXECUTABLE),
                        tlb.key())) {
            return fill(la, access, user, implicit);
        }
        walk(la, access, user, mayTouchUser);
        return walker.denied
                ? refuse(walker.entryAddress, la, walker.deniedAccess, true)
                : fill(la, access, user, implicit);
    }

    /** Has the second level hold what the page tables say, unless they may not be looked at. */
    private void walk(long la, Access access, boolean user, boolean mayTouchUser) {
        Translation.Result result = walker.walk(la, access, user, mayTouchUser, true, true);
        if (result == Translation.Result.NO_ACCESS) {
            return;
        }
        if (result != Translation.Result.SUCCESS) {
            // A fault removes what is cached for the page (SDM 4.10.4.1), or a stale entry would make it spurious for
            // ever.
            flushPage(la, pcid, true);
            pageFault(la, walker.errorCode);
        }
        tlb.insert(la, pcid, walker);
    }

    /** The view's protections do not let the access happen. */
    private long refuse(long gpa, long la, Access access, boolean pageWalk) {
        if (!committed) {
            throw denied(gpa, la, true, access, pageWalk);
        }
        return NOWHERE;
    }

    /** The backing address of the page that was found, if the access may happen. */
    private long restricted(int restrictions, long la, Access access, boolean user) {
        int wanted = switch (access) {
            case READ -> READING;
            case WRITE -> WRITING;
            case EXECUTE -> user && userExecuteApart() ? Protection.USER_EXECUTE : Protection.KERNEL_EXECUTE;
        };
        return (restrictions & wanted) != 0 ? refuse(translated, la, access, false) : view.resolve(tlb.page());
    }

    private void pageFault(long la, int errorCode) {
        field(State.CR2, la);
        throw fault(Fault.PF, errorCode);
    }

    /** The first-level tag of accesses with these rights, or -1 where they have no entries. */
    private long tagOf(boolean user, boolean implicit) {
        if (user == bank >= USER && !implicit) {
            return bank == USER_ALIGNED || !fillAllowed ? -1 : contextTag;
        }
        return user || !fillAllowed ? -1 : systemTag;
    }

    // Below 325 bytecodes, or HotSpot does not inline it: measured as 5 per cent of a guest that always misses the
    // first level.
    private long fill(long la, Access access, boolean user, boolean implicit) {
        long page = tlb.page();
        translated = page | la & 0xfff;
        // A change of the view between this look and the next is not complete before this CPU has left guest mode and
        // dropped what is filled here.
        int restrictions = view.restrictions(page);
        if (restrictions != 0) {
            page = restricted(restrictions, la, access, user);
        }
        long address = page | la & 0xfff;
        long context = tagOf(user, implicit);
        GuestMemory.Segment segment = context < 0 || access == Access.EXECUTE ? null : memory.segmentAt(page);
        if (segment == null) {
            return address;
        }
        long entry = entry(la);
        long tag = la & PAGE | context;
        boolean mayTouchUser = !implicit && bank == SUPERVISOR;
        boolean readable = (restrictions & READING) == 0 && permittedNow(Access.READ, user, mayTouchUser);
        boolean writable = (restrictions & WRITING) == 0
                && segment.writable()
                && tlb.has(Tlb.DIRTY)
                && permittedNow(Access.WRITE, user, mayTouchUser);
        HostMemory.putLong(entry, 0);
        HostMemory.putLong(entry + State.TLB_WRITE, 0);
        HostMemory.putLong(entry + State.TLB_ADDEND, segment.hostAddress() + (page - segment.gpa()) - (la & PAGE));
        HostMemory.putLong(entry + State.TLB_PAGE, page);
        if (tlb.isFragment()) {
            noteFragment(la);
        }
        if (readable) {
            HostMemory.putLong(entry, tag);
        }
        if (writable) {
            publishWrite(entry, tag, page);
        }
        return address;
    }

    // First publish the right to write, then look whether the page holds code: whoever decodes code there sets the flag
    // first and then takes rights away (revokeWrite). One of the two sees the other.
    private void publishWrite(long entry, long tag, long page) {
        HostMemory.putLongVolatile(entry + State.TLB_WRITE, tag);
        if ((memory.pageFlags(page) & (GuestMemory.PAGE_CODE | GuestMemory.PAGE_DIRTY)) != GuestMemory.PAGE_DIRTY) {
            HostMemory.putLong(entry + State.TLB_WRITE, 0);
        }
    }

    private boolean permittedNow(Access access, boolean user, boolean mayTouchUser) {
        return walker.permitted(
                access,
                user,
                mayTouchUser,
                tlb.has(Tlb.WRITABLE),
                tlb.has(Tlb.USER),
                tlb.has(Tlb.EXECUTABLE),
                tlb.key());
    }

    // ---- faults ------------------------------------------------------------------------------------------------

    /** The fault to throw: an exception with an error code. */
    public final Fault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.errorCode = errorCode;
        fault.hasErrorCode = true;
        fault.nonCanonical = false;
        fault.trap = false;
        fault.taskSwitched = false;
        return fault;
    }

    /** The fault to throw: an exception without an error code. */
    public final Fault fault(int vector) {
        fault(vector, 0);
        fault.hasErrorCode = false;
        return fault;
    }
}
