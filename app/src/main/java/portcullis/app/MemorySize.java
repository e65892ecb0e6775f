package portcullis.app;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import portcullis.machine.MemoryMap;

/** Reads sizes as QEMU does: a number of MiB, or with a suffix K, M, G. */
final class MemorySize implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})([KMG]?)(?:i?B)?", Pattern.CASE_INSENSITIVE);

    @Override
    public Long convert(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new TypeConversionException("'" + text + "' is no memory size; write 512M or 2G");
        }
        int shift = switch (form.group(2).toUpperCase(java.util.Locale.ROOT)) {
            case "K" -> 10;
            case "G" -> 30;
            default -> 20;
        };
        long number = Long.parseLong(form.group(1));
        if (number > Long.MAX_VALUE >> shift) {
            throw new TypeConversionException("'" + text + "' is more than the 64G that a machine can have");
        }
        long bytes = number << shift;
        if (bytes < MemoryMap.MIN_RAM || bytes > MemoryMap.MAX_RAM) {
            throw new TypeConversionException("'" + text + "' of memory: a machine has 1M to 64G");
        }
        if (bytes % 4096 != 0) {
            throw new TypeConversionException("'" + text + "' is no multiple of 4K; round it");
        }
        return bytes;
    }
}
