package portcullis.soft.cpu;

import java.util.Arrays;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.host.HostMemory;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.mmu.Tlb;
import portcullis.soft.state.State;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The cached translations: when an entry counts, and what drops it.
 *
 * <p>A first-level entry's tag holds its page and a <em>context id</em>, a number that stands for everything that access rights
 * depend on: the engine's context, address space, privilege, SMAP override. Ids are given out anew rather than entries visited
 * when something changes. The second level is each context's own ({@link TranslationContext}); the first is shared.
 */
public abstract class Translations extends Flags {
    public static final long CR0_PE = 1;
    public static final long CR0_AM = 1L << 18;

    static final long PAGE = ~0xfffL;
    /** What of CR3 names an address space. */
    private static final long SPACE = 0x7fff_ffff_ffff_f000L;

    private static final int CONTEXTS = 1 << 12;
    /** Ids are less than this: a tag is never -1. */
    private static final int IDS = CONTEXTS - 1;

    private static final int MAX_CODE_GENERATION = (1 << 28) - 1;
    /** Ranges up to this are dropped from the first level page by page. */
    private static final int MAX_SINGLE_PAGES = 64;

    /** Banks of context ids of one address space. */
    static final int SUPERVISOR = 0;

    private static final int SUPERVISOR_SMAP = 1;
    static final int USER = 2;
    /** User mode with alignment checks on: never filled, so that each access takes the slow path. */
    static final int USER_ALIGNED = 3;

    private static final int BANKS = TranslationContext.BANKS;

    protected final GuestMemory memory;
    protected final PageWalker walker;

    private final TranslationContext[] contexts = new TranslationContext[GuestMemory.LEVELS];
    private final boolean[] modeBasedExecute = new boolean[GuestMemory.LEVELS];
    private TranslationContext own;
    /** Its second level. */
    Tlb tlb;
    /** Its view of memory. */
    MemoryView view;

    /** Or-ed to the linear page it makes a first-level tag. */
    long contextTag;
    /** The same for accesses of the processor's own, to its tables: a supervisor's, to which SMAP applies whatever RFLAGS.AC says. */
    long systemTag;

    int bank;
    int pcid;
    private int nextContext = 1;
    /** Counts what invalidates looked-up code without a change of context: INVLPG. */
    private int codeGeneration;

    /** Where code was looked up since {@link #codeGeneration} last changed: other pages can be flushed without changing it. */
    private final PageSet fetched = new PageSet();

    /** First-level entries, a bit each, that may be fragments of larger pages. */
    private final long[] fragments = new long[State.TLB_ENTRIES / 64];

    /** First-level entries may be filled: no data breakpoint is armed. */
    protected boolean fillAllowed = true;

    protected Translations(GuestMemory memory, int physicalBits) {
        this.memory = memory;
        walker = new PageWalker(memory, physicalBits);
        changeTranslations(0);
    }

    final long entry(long la) {
        return state + State.TLB + (la >>> 7 & (State.TLB_ENTRIES - 1) << State.TLB_ENTRY_SHIFT);
    }

    // ---- context -----------------------------------------------------------------------------------------------

    /** To be called when CR0, CR3, CR4, EFER or PKRU changed: the walker takes them over. */
    protected final void pagingChanged() {
        walker.context(cr0(), cr3(), cr4(), efer(), field32(State.PKRU));
        pcid = (cr4() & PageWalker.CR4_PCIDE) != 0 ? (int) cr3() & 0xfff : 0;
        if (!tlb.enter(pcid, cr3() & SPACE)) {
            own.epoch++;
        }
        contextChanged();
    }

    /** To be called when CPL or RFLAGS.AC changed. */
    public final void contextChanged() {
        if (cpl() == 3) {
            bank = flag(AC) && (cr0() & CR0_AM) != 0 ? USER_ALIGNED : USER;
        } else {
            bank = (cr4() & PageWalker.CR4_SMAP) != 0 && !flag(AC) ? SUPERVISOR_SMAP : SUPERVISOR;
        }
        int systemBank = (cr4() & PageWalker.CR4_SMAP) != 0 ? SUPERVISOR_SMAP : SUPERVISOR;
        if (nextContext > IDS - 2) {
            // Both ids are to be of one round.
            forgetFirstLevel();
        }
        contextTag = id(bank);
        systemTag = systemBank == bank ? contextTag : id(systemBank);
    }

    private long id(int bankOfIt) {
        int index = pcid * BANKS + bankOfIt;
        if (own.ids[index] / CONTEXTS != own.epoch) {
            own.ids[index] = own.epoch * CONTEXTS + nextContext++;
        }
        return own.ids[index] % CONTEXTS;
    }

    /** All context ids can be given out anew. */
    private void forgetFirstLevel() {
        for (TranslationContext context : contexts) {
            if (context != null) {
                context.epoch++;
                context.tlb.firstLevelForgotten();
            }
        }
        clearFirstLevel();
        nextCodeGeneration();
        nextContext = 1;
    }

    private void clearFirstLevel() {
        HostMemory.fill(state + State.TLB, (long) State.TLB_ENTRIES << State.TLB_ENTRY_SHIFT, (byte) 0);
    }

    private void forgetIds(TranslationContext context) {
        context.epoch++;
        context.tlb.firstLevelForgotten();
        if (context == own) {
            contextChanged();
        }
    }

    private void nextCodeGeneration() {
        codeGeneration = codeGeneration + 1 & MAX_CODE_GENERATION;
        fetched.clear();
        if (codeGeneration == 0) {
            forgetLookups();
        }
    }

    /** Looked-up code is looked up again, whatever its key. */
    protected abstract void forgetLookups();

    /** Stands for everything that a looked-up code address depends on: equal key, equal code (until the page is written). 40 bits. */
    protected final long codeContext() {
        return contextTag | (long) codeGeneration << 12;
    }

    /** Switches a context's mode based execute control. */
    public final void setModeBasedExecute(int number, boolean on) {
        modeBasedExecute[number] = on;
        if (contexts[number] != null) {
            forgetIds(contexts[number]);
        }
    }

    protected final boolean modeBasedExecute(int number) {
        return modeBasedExecute[number];
    }

    /** Whether fetches in user mode are refused apart from others (TLFS vsm.md, "MBEC Interaction with SMEP"). */
    final boolean userExecuteApart() {
        return modeBasedExecute[own.view.level()] && ((cr4() & PageWalker.CR4_SMEP) != 0 || !offersSmep());
    }

    /** Whether the processor has supervisor mode execution prevention. */
    protected abstract boolean offersSmep();

    /** Translates by another context from now on, made if need be. Registers follow, then {@link #pagingChanged}. */
    protected final void changeTranslations(int number) {
        if (own != null) {
            own.fillAllowed = fillAllowed;
        }
        if (contexts[number] == null) {
            contexts[number] = new TranslationContext(memory.view(number));
        }
        own = contexts[number];
        tlb = own.tlb;
        view = own.view;
        fillAllowed = own.fillAllowed;
        walker.view(view);
        walker.pdptes(own.pdptes);
    }

    /** Drops all that is cached of all contexts but {@code number}, which is the one that executes. */
    protected final void forgetContextsBut(int number) {
        for (int i = 0; i < contexts.length; i++) {
            if (i != number) {
                contexts[i] = null;
            }
            modeBasedExecute[i] = false;
        }
        forgetFirstLevel();
    }

    // ---- flushes -----------------------------------------------------------------------------------------------

    /** MOV CR3 without the keep bit, INVPCID type 1: the address space {@code space}, global pages stay. */
    protected final void flushSpace(int space) {
        flushSpace(own, space);
    }

    private void flushSpace(TranslationContext context, int space) {
        context.tlb.flushSpace(space);
        Arrays.fill(context.ids, space * BANKS, space * BANKS + BANKS, 0);
        if (context == own) {
            contextChanged();
        }
    }

    protected final void flushAllNonGlobal() {
        tlb.flushNonGlobal();
        forgetIds(own);
    }

    protected final void flushAll() {
        tlb.flushAll();
        forgetIds(own);
    }

    /** First-level entries only: rights must be decided anew (CR0.WP, CR4.SMAP, ...), translations stay. */
    protected final void flushRights() {
        forgetIds(own);
    }

    /** The same where what all contexts share has changed: PKRU. */
    protected final void flushRightsOfAll() {
        for (TranslationContext context : contexts) {
            if (context != null) {
                forgetIds(context);
            }
        }
    }

    /** INVLPG: {@code la} in the current address space and global. {@code space} negative: in all. */
    protected final void flushPage(long la, int space, boolean globalToo) {
        boolean large = tlb.flushPage(la, space, globalToo);
        if (tlb.displacedNear(la) || large && tlb.hugeNear(la)) {
            nextCodeGeneration();
            clearFirstLevelNear(la);
            return;
        }
        if (large ? fetched.mayHaveNear(la) : fetched.mayHave(la)) {
            nextCodeGeneration();
        }
        if (large) {
            clearFragments(la);
        }
        clearFirstLevelEntry(la);
    }

    /** First-level entries in the 2 MiB of {@code la} that stem from a large page. Their places are a half of the table. */
    private void clearFragments(long la) {
        int first = (int) (la >>> 12 & 0x200) / 64;
        for (int i = first; i < first + 8; i++) {
            for (long left = fragments[i]; left != 0; left &= left - 1) {
                int index = i * 64 + Long.numberOfTrailingZeros(left);
                long entry = state + State.TLB + ((long) index << State.TLB_ENTRY_SHIFT);
                long tags = HostMemory.getLong(entry) | HostMemory.getLong(entry + State.TLB_WRITE);
                if (tags >>> 21 == la >>> 21) {
                    HostMemory.fill(entry, 1L << State.TLB_ENTRY_SHIFT, (byte) 0);
                    fragments[i] ^= left & -left;
                }
            }
        }
    }

    /** The first-level entry of {@code la} has been filled from a larger page. */
    final void noteFragment(long la) {
        int index = (int) (la >>> 12) & State.TLB_ENTRIES - 1;
        fragments[index / 64] |= 1L << index;
    }

    /** Code was looked up at {@code la}. */
    final void noteFetched(long la) {
        fetched.add(la);
    }

    private void clearFirstLevelEntry(long la) {
        HostMemory.fill(entry(la), 1L << State.TLB_ENTRY_SHIFT, (byte) 0);
    }

    /** First-level entries in the gibibyte of {@code la}. */
    private void clearFirstLevelNear(long la) {
        for (int i = 0; i < State.TLB_ENTRIES; i++) {
            long entry = state + State.TLB + ((long) i << State.TLB_ENTRY_SHIFT);
            long tags = HostMemory.getLong(entry) | HostMemory.getLong(entry + State.TLB_WRITE);
            if (tags >>> 30 == la >>> 30) {
                HostMemory.fill(entry, 1L << State.TLB_ENTRY_SHIFT, (byte) 0);
            }
        }
    }

    /** The hypercalls' flush of what was made under one CR3 value, or of all, in a context. */
    protected final void flushMadeUnder(int number, long space, boolean globals) {
        TranslationContext context = contexts[number];
        if (context == null) {
            return;
        }
        if (space == Tlb.ALL_SPACES) {
            if (globals) {
                context.tlb.flushAll();
            } else {
                context.tlb.flushNonGlobal();
            }
            forgetIds(context);
            return;
        }
        int[] found = new int[Tlb.maxPcidsUnder()];
        int count = context.tlb.pcidsUnder(space & SPACE, found);
        for (int i = 0; i < count; i++) {
            flushSpace(context, found[i]);
        }
        if (globals) {
            context.tlb.flushGlobal();
            forgetIds(context);
        }
    }

    /** The same for the pages of a range. */
    protected final void flushRangeMadeUnder(int number, long space, long la, long pages, boolean globals) {
        TranslationContext context = contexts[number];
        if (context == null || pages <= 0) {
            return;
        }
        nextCodeGeneration();
        long base = space == Tlb.ALL_SPACES ? space : space & SPACE;
        if (context.tlb.flushRange(la, pages, base, globals) || pages > MAX_SINGLE_PAGES) {
            forgetIds(context);
            return;
        }
        for (long page = 0; page < pages; page++) {
            long at = la + (page << 12);
            if (context.tlb.displacedNear(at)) {
                forgetIds(context);
                return;
            }
            clearFirstLevelEntry(at);
        }
    }

    protected final MemoryView view() {
        return view;
    }

    protected final int currentPcid() {
        return pcid;
    }

    /** Takes the write right of first-level entries for a page away, so that the next store there is seen. Any thread. */
    protected final boolean revokeWrite(long page) {
        boolean found = false;
        for (int i = 0; i < State.TLB_ENTRIES; i++) {
            long entry = state + State.TLB + ((long) i << State.TLB_ENTRY_SHIFT);
            long tag = HostMemory.getLongVolatile(entry + State.TLB_WRITE);
            if (tag != 0 && HostMemory.getLong(entry + State.TLB_PAGE) == page) {
                HostMemory.compareAndSetLong(entry + State.TLB_WRITE, tag, 0);
                found = true;
            }
        }
        return found;
    }

    // ---- saved state -----------------------------------------------------------------------------------------------

    /** Writes registers and cached translations. Each layer above adds what it holds. */
    public void save(StateWriter out) {
        RegisterImage.save(this, out);
        for (int i = 0; i < 4; i++) {
            out.putLong(walker.pdpte(i));
        }
        out.putBoolean(modeBasedExecute[own.view.level()]);
        tlb.save(out);
        saveFirstLevel(out);
    }

    /** Reads what {@link #save} wrote, and does what follows from it. */
    public void restore(StateReader in) {
        RegisterImage.restore(this, in);
        for (int i = 0; i < 4; i++) {
            walker.pdpte(i, in.getLong());
        }
        modeBasedExecute[own.view.level()] = in.getBoolean();
        pagingChanged();
        forgetIds(own);
        tlb.restore(in);
        restoreFirstLevel(in);
    }

    /** The first level is no subset of the second: an entry stays when another page takes its place there. */
    private void saveFirstLevel(StateWriter out) {
        int[] owners = new int[CONTEXTS];
        for (int i = 0; i < own.ids.length; i++) {
            if (own.ids[i] / CONTEXTS == own.epoch) {
                owners[(int) (own.ids[i] % CONTEXTS)] = i + 1;
            }
        }
        StateWriter entries = new StateWriter();
        int count = 0;
        for (int i = 0; i < State.TLB_ENTRIES; i++) {
            long entry = state + State.TLB + ((long) i << State.TLB_ENTRY_SHIFT);
            long read = HostMemory.getLong(entry);
            long write = HostMemory.getLong(entry + State.TLB_WRITE);
            long tag = read | write;
            int owner = owners[(int) tag & CONTEXTS - 1];
            long page = HostMemory.getLong(entry + State.TLB_PAGE);
            // Overlay pages may lie elsewhere in host memory after a restore. Whoever changes them has entries dropped,
            // so
            // none of theirs is stale and worth keeping.
            if (owner != 0 && page >>> memory.addressBits() == 0) {
                count++;
                entries.putLong(tag & PAGE);
                entries.putLong(page);
                entries.putInt(owner - 1);
                entries.putBoolean(read != 0);
                entries.putBoolean(write != 0);
            }
        }
        out.putInt(count);
        out.putBytes(entries.toBytes());
    }

    private void restoreFirstLevel(StateReader in) {
        Arrays.fill(fragments, -1);
        int count = in.getInt(0, State.TLB_ENTRIES);
        StateReader entries = new StateReader(in.name(), in.version(), in.getBytes());
        for (; count > 0; count--) {
            long page = entries.getLong() & PAGE;
            long gpa = entries.getLong() & PAGE;
            int owner = entries.getInt(0, own.ids.length - 1);
            boolean readable = entries.getBoolean();
            boolean writable = entries.getBoolean();
            if (own.ids[owner] / CONTEXTS != own.epoch) {
                if (nextContext == IDS) {
                    // Ids are shared by all contexts. What is not cached is looked up again.
                    continue;
                }
                own.ids[owner] = own.epoch * CONTEXTS + nextContext++;
            }
            GuestMemory.Segment segment = memory.segmentAt(gpa);
            if (segment == null || gpa >>> memory.addressBits() != 0) {
                throw in.refused("has a cached translation to where no memory is");
            }
            long tag = page | own.ids[owner] % CONTEXTS;
            long entry = entry(page);
            HostMemory.putLong(entry, readable ? tag : 0);
            // As fill() does: a page that is not known as written, or holds code, is written the slow way.
            boolean quick = segment.writable()
                    && (memory.pageFlags(gpa) & (GuestMemory.PAGE_CODE | GuestMemory.PAGE_DIRTY))
                            == GuestMemory.PAGE_DIRTY;
            HostMemory.putLong(entry + State.TLB_WRITE, writable && quick ? tag : 0);
            HostMemory.putLong(entry + State.TLB_ADDEND, segment.hostAddress() + (gpa - segment.gpa()) - page);
            HostMemory.putLong(entry + State.TLB_PAGE, gpa);
        }
        entries.finish();
    }
}
