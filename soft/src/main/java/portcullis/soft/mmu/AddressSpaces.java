package portcullis.soft.mmu;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Which page tables (CR3 bases) the translations of each PCID may stem from. A guest may load another base under the same PCID
 * and keep what is cached (SDM 4.10.4.1), so a PCID can have several.
 *
 * <p>A short list: guests use few PCIDs at a time. When it is full, its owner flushes and starts anew.
 */
final class AddressSpaces {
    private static final int CAPACITY = 256;

    private final int[] pcids = new int[CAPACITY];
    private final long[] bases = new long[CAPACITY];
    private int count;

    private int currentPcid;
    private long currentBase;

    /** Translations are made under {@code base} for {@code pcid} from now on. @return false where there is no room */
    boolean enter(int pcid, long base) {
        if (pcid == currentPcid && base == currentBase && count > 0) {
            return true;
        }
        currentPcid = pcid;
        currentBase = base;
        return made(pcid, base) || addCurrent();
    }

    private boolean addCurrent() {
        if (count == CAPACITY) {
            return false;
        }
        pcids[count] = currentPcid;
        bases[count++] = currentBase;
        return true;
    }

    /** Whether translations of {@code pcid} may have been made under {@code base}. */
    boolean made(int pcid, long base) {
        for (int i = 0; i < count; i++) {
            if (bases[i] == base && pcids[i] == pcid) {
                return true;
            }
        }
        return false;
    }

    /** Nothing is cached of {@code pcid} any more. */
    void forget(int pcid) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (pcids[i] != pcid) {
                pcids[kept] = pcids[i];
                bases[kept++] = bases[i];
            }
        }
        count = kept;
        if (pcid == currentPcid) {
            addCurrent();
        }
    }

    /** Nothing is cached of any PCID any more. */
    void forgetAll() {
        count = 0;
        addCurrent();
    }

    /** PCIDs with translations made under {@code base}, each once. @return how many of {@code into} are filled */
    int under(long base, int[] into) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            if (bases[i] == base) {
                into[found++] = pcids[i];
            }
        }
        return found;
    }

    static int capacity() {
        return CAPACITY;
    }

    void save(StateWriter out) {
        out.putInt(currentPcid);
        out.putLong(currentBase);
        out.putInt(count);
        for (int i = 0; i < count; i++) {
            out.putInt(pcids[i]);
            out.putLong(bases[i]);
        }
    }

    void restore(StateReader in) {
        currentPcid = in.getInt(0, 0xfff);
        currentBase = in.getLong();
        count = in.getInt(0, CAPACITY);
        for (int i = 0; i < count; i++) {
            pcids[i] = in.getInt(0, 0xfff);
            bases[i] = in.getLong();
        }
    }
}
