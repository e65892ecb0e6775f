package portcullis.hypervisor.trace;

/** Sets of VPs as text. */
final class VpList {
    private VpList() {}

    /** Like {@code 0-3,7}; {@code none}. @param set a bit a VP index, 64 to an element */
    static String text(long[] set) {
        StringBuilder text = new StringBuilder();
        int size = set.length * Long.SIZE;
        int vp = 0;
        while (vp < size) {
            if (!contains(set, vp)) {
                vp++;
                continue;
            }
            int first = vp;
            while (vp + 1 < size && contains(set, vp + 1)) {
                vp++;
            }
            if (!text.isEmpty()) {
                text.append(',');
            }
            text.append(first);
            if (vp > first) {
                text.append(vp > first + 1 ? '-' : ',').append(vp);
            }
            vp++;
        }
        return text.isEmpty() ? "none" : text.toString();
    }

    private static boolean contains(long[] set, int vp) {
        return (set[vp >>> 6] >>> (vp & 63) & 1) != 0;
    }
}
