package portcullis.machine.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import portcullis.machine.MemoryMap;

/** A machine's memory as users spell it, and as QEMU reads it: a number of MiB, or with a suffix K, M, G. */
public final class MemorySpelling {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})([KMG]?)(?:i?B)?", Pattern.CASE_INSENSITIVE);

    private MemorySpelling() {}

    /**
     * Reads a size.
     *
     * @return bytes
     * @throws IllegalArgumentException for what is no size, or none that a machine can have; the message says what would do
     */
    public static long parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no memory size; write 512M or 2G");
        }
        int shift = switch (form.group(2).toUpperCase(Locale.ROOT)) {
            case "K" -> 10;
            case "G" -> 30;
            default -> 20;
        };
        long number = Long.parseLong(form.group(1));
        if (number > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("'" + text + "' is more than the 64G that a machine can have");
        }
        long bytes = number << shift;
        if (bytes < MemoryMap.MIN_RAM || bytes > MemoryMap.MAX_RAM) {
            throw new IllegalArgumentException("'" + text + "' of memory: a machine has 1M to 64G");
        }
        if (bytes % 4096 != 0) {
            throw new IllegalArgumentException("'" + text + "' is no multiple of 4K; round it");
        }
        return bytes;
    }
}
