package portcullis.hypervisor.hypercall;

import portcullis.tlfs.HvStatus;

/** A set of VPs by index, as hypercalls name them: a mask of 64, or HV_VP_SET (TLFS). Reused; nothing is allocated. */
public final class VpTargets {
    /** HV_GENERIC_SET_FORMAT. */
    private static final long SPARSE_4K = 0;

    private static final long ALL = 1;

    private final int processors;
    private final long[] words;

    VpTargets(int processors) {
        this.processors = processors;
        words = new long[processors + 63 >>> 6];
    }

    public void clear() {
        java.util.Arrays.fill(words, 0);
    }

    /** Every VP of the partition. */
    public void all() {
        for (int i = 0; i < processors; i++) {
            words[i >>> 6] |= 1L << i;
        }
    }

    public void add(int vp) {
        words[vp >>> 6] |= 1L << vp;
    }

    /** VPs 0 to 63 by bit. Bits of VPs that do not exist are ignored. */
    public void mask(long mask) {
        clear();
        int known = Math.min(processors, 64);
        words[0] = known == 64 ? mask : mask & (1L << known) - 1;
    }

    /**
     * Takes an HV_VP_SET from the input: format, mask of valid banks, banks of 64 VPs.
     *
     * @param offset where the set begins
     * @param available bytes of banks behind its two fixed fields
     * @return an HV_STATUS
     */
    public int sparse(CallContext call, int offset, int available) {
        clear();
        long format = call.inputLong(offset);
        if (format == ALL) {
            all();
            return HvStatus.SUCCESS;
        }
        if (format != SPARSE_4K) {
            return HvStatus.INVALID_PARAMETER;
        }
        long banks = call.inputLong(offset + 8);
        if (Long.bitCount(banks) * 8 != available) {
            return HvStatus.INVALID_HYPERCALL_INPUT;
        }
        int at = offset + 16;
        for (int bank = 0; bank < 64; bank++) {
            if ((banks >>> bank & 1) == 0) {
                continue;
            }
            long members = call.inputLong(at);
            at += 8;
            if (bank < words.length) {
                int known = Math.min(processors - bank * 64, 64);
                words[bank] = known == 64 ? members : members & (1L << known) - 1;
            }
        }
        return HvStatus.SUCCESS;
    }

    /** Bit n of word w is VP 64 * w + n. Not to be changed. */
    public long[] words() {
        return words;
    }

    public boolean isEmpty() {
        for (long word : words) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    public boolean contains(int vp) {
        return vp >= 0 && vp < processors && (words[vp >>> 6] >>> vp & 1) != 0;
    }

    /** The first member at or behind {@code from}, or -1. */
    public int next(int from) {
        for (int word = from >>> 6; word < words.length; word++) {
            long members = words[word];
            if (word == from >>> 6) {
                members &= -1L << from;
            }
            if (members != 0) {
                return word * 64 + Long.numberOfTrailingZeros(members);
            }
        }
        return -1;
    }
}
