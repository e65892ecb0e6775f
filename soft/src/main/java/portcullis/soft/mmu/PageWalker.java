package portcullis.soft.mmu;

import portcullis.engine.Access;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Bits;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.memory.host.HostMemory;

/**
 * Walks the guest's page tables: legacy 32-bit, PAE, 4 and 5 levels (SDM 4.3 to 4.5). One per CPU; results are left in
 * fields, so that a walk allocates nothing.
 */
public final class PageWalker {
    /** Page-fault error code bits (SDM 4.7). */
    public static final int PF_PRESENT = 1;

    public static final int PF_WRITE = 2;
    public static final int PF_USER = 4;
    public static final int PF_RESERVED = 8;
    public static final int PF_FETCH = 16;
    public static final int PF_KEY = 32;

    private static final long P = 1;
    private static final long W = 2;
    private static final long U = 4;
    private static final long A = 32;
    private static final long D = 64;
    private static final long PS = 128;
    private static final long G = 256;
    private static final long NX = 1L << 63;

    public static final long CR0_WP = 1L << 16;
    public static final long CR0_PG = 1L << 31;
    public static final long CR4_PSE = 1L << 4;
    public static final long CR4_PAE = 1L << 5;
    public static final long CR4_PGE = 1L << 7;
    public static final long CR4_LA57 = 1L << 12;
    public static final long CR4_PCIDE = 1L << 17;
    public static final long CR4_SMEP = 1L << 20;
    public static final long CR4_SMAP = 1L << 21;
    public static final long CR4_PKE = 1L << 22;
    public static final long EFER_LMA = 1L << 10;
    public static final long EFER_NXE = 1L << 11;

    private final GuestMemory memory;
    private MemoryView view;
    private final long physicalMask;

    // The paging context, set by context() whenever a control register changes.
    private long cr0;
    private long cr3;
    private long cr4;
    private long efer;
    private int pkru;
    private long[] pdpte = new long[4];

    // Results of the last walk.
    /** Physical address of the byte. */
    public long gpa;
    /** Size of the page, as a shift: 12, 21, 22 or 30. */
    public int pageShift;
    /** Accumulated rights of all levels. */
    public boolean writable;

    public boolean user;
    public boolean executable;
    public boolean dirty;
    public boolean global;
    public int key;
    /** Page-fault error code of a failed walk. */
    public int errorCode;
    /** Where a failed walk stopped: physical address of the entry. */
    public long entryAddress;
    /** Whether some entry lay where there is no memory; the processor reads ones there. */
    public boolean absent;
    /** The view's protections refused an access to the tables, at {@link #entryAddress}; the walk has ended there. */
    public boolean denied;
    /** Which one. */
    public Access deniedAccess;
    /** Whether all accessed and dirty bits that were wanted could be set. */
    public boolean bitsSet;

    /** @param physicalBits width of guest physical addresses as CPUID 80000008 reports it */
    public PageWalker(GuestMemory memory, int physicalBits) {
        this.memory = memory;
        view = memory.view(0);
        physicalMask = (1L << physicalBits) - 1;
    }

    /** Takes over the registers that a walk depends on. */
    public void context(long newCr0, long newCr3, long newCr4, long newEfer, int newPkru) {
        cr0 = newCr0;
        cr3 = newCr3;
        cr4 = newCr4;
        efer = newEfer;
        pkru = newPkru;
    }

    /** Tables are read through this view from now on. */
    public void view(MemoryView newView) {
        view = newView;
    }

    /** The PDPTE registers from now on, changed in place. */
    public void pdptes(long[] registers) {
        pdpte = registers;
    }

    /** A PDPTE register of PAE paging outside long mode (SDM 4.4.1). */
    public void pdpte(int index, long value) {
        pdpte[index] = value;
    }

    public long pdpte(int index) {
        return pdpte[index];
    }

    /** Whether the four PDPTEs at {@code address} can be loaded: no reserved bit in a present one. */
    public boolean loadPdptes(long address) {
        long[] loaded = new long[4];
        denied = false;
        for (int i = 0; i < 4; i++) {
            loaded[i] = load64(address + i * 8L);
            if (denied) {
                return false;
            }
            if ((loaded[i] & P) != 0 && (loaded[i] & (~physicalMask | 0x1e6L)) != 0) {
                return false;
            }
        }
        System.arraycopy(loaded, 0, pdpte, 0, 4);
        return true;
    }

    // An entry that may not be read is as good as one that is not present: the walk ends.

    private long load64(long address) {
        if (refused(address, Access.READ)) {
            return 0;
        }
        long host = memory.hostAddress(view.resolve(address));
        absent |= host == 0;
        return host == 0 ? -1 : HostMemory.getLongVolatile(host);
    }

    private long load32(long address) {
        if (refused(address, Access.READ)) {
            return 0;
        }
        long host = memory.hostAddress(view.resolve(address));
        absent |= host == 0;
        return host == 0 ? 0xffffffffL : HostMemory.getIntVolatile(host) & 0xffffffffL;
    }

    private boolean refused(long address, Access access) {
        int wanted = access == Access.WRITE ? Protection.READ | Protection.WRITE : Protection.READ;
        if ((view.restrictions(address) & wanted) == 0) {
            return false;
        }
        denied = true;
        deniedAccess = access;
        entryAddress = address;
        return true;
    }

    /**
     * Translates {@code la} for an access and checks rights. A and D bits are set as the processor does when {@code setAccessed}
     * and {@code setDirty}.
     *
     * @param supervisorMayTouchUser SMAP does not apply: RFLAGS.AC set and the access explicit
     */
    public Translation.Result walk(
            long la,
            Access access,
            boolean userAccess,
            boolean supervisorMayTouchUser,
            boolean setAccessed,
            boolean setDirty) {
        Translation.Result result;
        do {
            changed = false;
            result = walkOnce(la, access, userAccess, supervisorMayTouchUser, setAccessed, setDirty);
        } while (changed);
        return result;
    }

    private Translation.Result walkOnce(
            long la,
            Access access,
            boolean userAccess,
            boolean supervisorMayTouchUser,
            boolean setAccessed,
            boolean setDirty) {
        errorCode = (access == Access.WRITE ? PF_WRITE : 0) | (userAccess ? PF_USER : 0);
        if (access == Access.EXECUTE && (fetchReported() || (cr4 & CR4_SMEP) != 0)) {
            errorCode |= PF_FETCH;
        }
        onBehalf = false;
        Translation.Result found = lookup(la, setAccessed);
        if (found != Translation.Result.SUCCESS || (cr0 & CR0_PG) == 0) {
            return found;
        }
        if (!permitted(access, userAccess, supervisorMayTouchUser)) {
            errorCode |= PF_PRESENT;
            return Translation.Result.PRIVILEGE_VIOLATION;
        }
        markLeaf(setAccessed, setDirty && access == Access.WRITE);
        return denied ? Translation.Result.NO_ACCESS : Translation.Result.SUCCESS;
    }

    /** The walk under way is not the processor's: bits that may not be set stay as they are. */
    private boolean onBehalf;

    /** An entry was no longer what the walk had read when its bits were to be set: what was found counts for nothing. */
    private boolean changed;

    /** The walk without a look at rights: leaves them in the fields, as it does the error code of a failure. */
    private Translation.Result lookup(long la, boolean setAccessed) {
        absent = false;
        denied = false;
        bitsSet = true;
        writable = true;
        user = true;
        executable = true;
        key = 0;
        if ((cr0 & CR0_PG) == 0) {
            gpa = la & 0xffffffffL;
            pageShift = 12;
            dirty = true;
            global = false;
            return Translation.Result.SUCCESS;
        }
        boolean legacy = (cr4 & CR4_PAE) == 0;
        boolean lookedUp = legacy ? walk32(la, setAccessed) : walk64(la, setAccessed);
        if (denied) {
            return Translation.Result.NO_ACCESS;
        }
        if (!lookedUp) {
            return (errorCode & PF_RESERVED) != 0 ? Translation.Result.RESERVED_BITS : Translation.Result.NOT_PRESENT;
        }
        return Translation.Result.SUCCESS;
    }

    /**
     * Translates {@code la} for whoever is not the processor, with all rights checked that {@code request} names.
     *
     * @param user whether it is a user's access, where rights matter
     * @param supervisorMayTouchUser SMAP does not apply
     */
    public Translation.Result translate(
            long la, TranslationRequest request, boolean user, boolean supervisorMayTouchUser) {
        Translation.Result result;
        do {
            changed = false;
            result = translateOnce(la, request, user, supervisorMayTouchUser);
        } while (changed);
        return result;
    }

    private Translation.Result translateOnce(
            long la, TranslationRequest request, boolean user, boolean supervisorMayTouchUser) {
        errorCode = 0;
        onBehalf = true;
        Translation.Result found = lookup(la, request.bits() == Bits.SET_WHERE_REACHED);
        if (absent) {
            return Translation.Result.INVALID_GPA;
        }
        if (found != Translation.Result.SUCCESS || (cr0 & CR0_PG) == 0) {
            return found;
        }
        boolean allowed = request.privilege() == Privilege.EXEMPT
                || (!request.read() || permitted(Access.READ, user, supervisorMayTouchUser))
                        && (!request.write() || permitted(Access.WRITE, user, supervisorMayTouchUser))
                        && (!request.execute() || permitted(Access.EXECUTE, user, supervisorMayTouchUser));
        if (!allowed) {
            return Translation.Result.PRIVILEGE_VIOLATION;
        }
        if (request.bits() != Bits.KEEP) {
            long judged = leafValue;
            if (request.bits() == Bits.SET && (lookup(la, true) != found || leafValue != judged)) {
                changed = true;
                return found;
            }
            markLeaf(true, request.write());
        }
        return Translation.Result.SUCCESS;
    }

    /** Of the last walk: which of the PAT's eight types the page has (SDM 12.12.3). */
    public int memoryTypeIndex() {
        if ((cr0 & CR0_PG) == 0) {
            return 0;
        }
        int high = (int) (leafValue >>> (pageShift == 12 ? 7 : 12)) & 1;
        return (int) (leafValue >>> 3) & 3 | high << 2;
    }

    private boolean fetchReported() {
        return (efer & EFER_NXE) != 0 && (cr4 & CR4_PAE) != 0;
    }

    /** Rights of the accumulated walk against one access (SDM 4.6.1). Sets the key bit in {@link #errorCode} where the key denies. */
    private boolean permitted(Access access, boolean userAccess, boolean supervisorMayTouchUser) {
        return permitted(access, userAccess, supervisorMayTouchUser, writable, user, executable, key);
    }

    /** The same check on rights that a TLB entry remembers. */
    public boolean permitted(
            Access access,
            boolean userAccess,
            boolean supervisorMayTouchUser,
            boolean pageWritable,
            boolean pageUser,
            boolean pageExecutable,
            int pageKey) {
        if ((cr0 & CR0_PG) == 0) {
            return true;
        }
        if (keyDenies(access, userAccess, pageUser, pageKey)) {
            errorCode |= PF_KEY;
            return false;
        }
        if (userAccess && !pageUser) {
            return false;
        }
        if (access == Access.EXECUTE) {
            return pageExecutable && (userAccess || !pageUser || (cr4 & CR4_SMEP) == 0);
        }
        if (!userAccess && pageUser && (cr4 & CR4_SMAP) != 0 && !supervisorMayTouchUser) {
            return false;
        }
        return access != Access.WRITE || pageWritable || !(userAccess || (cr0 & CR0_WP) != 0);
    }

    /** Protection keys on a data access (SDM 4.6.2). The error code tells of them also where the page's rights refuse (4.7). */
    private boolean keyDenies(Access access, boolean userAccess, boolean pageUser, int pageKey) {
        if (access == Access.EXECUTE || !pageUser || (cr4 & CR4_PKE) == 0 || (efer & EFER_LMA) == 0) {
            return false;
        }
        int rights = pkru >>> pageKey * 2 & 3;
        boolean writeProtected = userAccess || (cr0 & CR0_WP) != 0;
        return (rights & 1) != 0 || access == Access.WRITE && (rights & 2) != 0 && writeProtected;
    }

    private long leafValue;

    private boolean walk32(long la, boolean setAccessed) {
        long pdeAddress = (cr3 & 0xfffff000L) | (la >>> 20 & 0xffc);
        long pde = load32(pdeAddress);
        entryAddress = pdeAddress;
        if ((pde & P) == 0) {
            return false;
        }
        accumulate(pde);
        executable = true;
        if ((pde & PS) != 0 && (cr4 & CR4_PSE) != 0) {
            // PSE-36: bits 20:13 are address bits 39:32; bit 21 is reserved.
            if ((pde & 1L << 21) != 0 || (pde >>> 13 & 0xff) << 32 > physicalMask) {
                errorCode |= PF_PRESENT | PF_RESERVED;
                return false;
            }
            leaf(pde, 22, (pde & 0xffc00000L) | (pde & 0x1fe000L) << 19 | (la & 0x3fffff));
            return true;
        }
        if (!markAccessed(pdeAddress, pde, setAccessed)) {
            return false;
        }
        long pteAddress = (pde & 0xfffff000L) | (la >>> 10 & 0xffc);
        long pte = load32(pteAddress);
        entryAddress = pteAddress;
        if ((pte & P) == 0) {
            return false;
        }
        accumulate(pte);
        executable = true;
        leaf(pte, 12, (pte & 0xfffff000L) | (la & 0xfff));
        return true;
    }

    private void accumulate(long entry) {
        writable &= (entry & W) != 0;
        user &= (entry & U) != 0;
        executable &= (entry & NX) == 0;
    }

    private void leaf(long entry, int shift, long address) {
        leafValue = entry;
        pageShift = shift;
        gpa = address;
        dirty = (entry & D) != 0;
        global = (entry & G) != 0 && (cr4 & CR4_PGE) != 0;
    }

    private boolean walk64(long la, boolean setAccessed) {
        boolean longMode = (efer & EFER_LMA) != 0;
        long reserved = ~physicalMask & 0x000f_ffff_ffff_f000L;
        if ((efer & EFER_NXE) == 0) {
            reserved |= NX;
        }
        long table;
        int shift;
        if (longMode) {
            shift = (cr4 & CR4_LA57) != 0 ? 48 : 39;
            table = cr3 & physicalMask & ~0xfffL;
        } else {
            long entry = pdpte[(int) (la >>> 30) & 3];
            entryAddress = (cr3 & 0xffffffe0L) + (la >>> 30 & 3) * 8;
            if ((entry & P) == 0) {
                return false;
            }
            table = entry & physicalMask & ~0xfffL;
            shift = 21;
            reserved |= 0x7ff0_0000_0000_0000L;
        }
        while (true) {
            long address = table + (la >>> shift & 0x1ff) * 8;
            long entry = load64(address);
            entryAddress = address;
            if ((entry & P) == 0) {
                return false;
            }
            boolean large = (entry & PS) != 0 && (shift == 21 || shift == 30);
            long bad = reserved;
            if (shift >= 39) {
                bad |= PS;
            } else if (large) {
                bad |= (1L << shift) - 1 & ~0x1fffL;
            }
            if ((entry & bad) != 0) {
                errorCode |= PF_PRESENT | PF_RESERVED;
                return false;
            }
            accumulate(entry);
            if (large || shift == 12) {
                long offset = (1L << shift) - 1;
                leaf(entry, shift, (entry & physicalMask & ~offset & ~0xfffL) | (la & offset));
                key = longMode ? (int) (entry >>> 59) & 0xf : 0;
                return true;
            }
            if (!markAccessed(address, entry, setAccessed)) {
                return false;
            }
            table = entry & physicalMask & ~0xfffL;
            shift -= 9;
        }
    }

    /** @return whether the walk may go on */
    private boolean markAccessed(long address, long entry, boolean wanted) {
        if (wanted && (entry & A) == 0) {
            setBits(address, entry, A);
        }
        return !denied && !changed;
    }

    private void markLeaf(boolean setAccessed, boolean setDirty) {
        long bits = (setAccessed ? A : 0) | (setDirty ? D : 0);
        if ((leafValue & bits) != bits) {
            setBits(entryAddress, leafValue, bits);
        }
        dirty |= setDirty;
    }

    // SDM 4.8: the processor updates A and D with locked accesses, of the entry that the walk has read. Who exchanges
    // one for another knows from what it gets whether the page was written, and nothing is added to the new one.
    private void setBits(long address, long entry, long bits) {
        if (refused(address, Access.WRITE)) {
            bitsSet = false;
            denied = !onBehalf;
            return;
        }
        long backing = view.resolve(address);
        GuestMemory.Segment segment = memory.segmentAt(backing);
        if (segment == null || !segment.writable()) {
            bitsSet = false;
            return;
        }
        long host = memory.hostAddress(backing);
        boolean narrow = (cr4 & CR4_PAE) == 0;
        boolean done = narrow
                ? HostMemory.compareAndSetInt(host, (int) entry, (int) (entry | bits))
                : HostMemory.compareAndSetLong(host, entry, entry | bits);
        if (done) {
            memory.written(backing, 4);
        } else {
            changed = true;
        }
    }

    /** The canonical width of linear addresses: 48 or 57 bits. */
    public boolean canonical(long la) {
        int shift = (cr4 & CR4_LA57) != 0 ? 7 : 16;
        return la << shift >> shift == la;
    }
}
