package portcullis.app;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code 5000}, {@code 500k}, {@code 20M}, {@code 2G}: decimal, 1 or more. */
final class InstructionCount implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})([kKmMgG]?)");

    @Override
    public Long convert(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches() || Long.parseLong(form.group(1)) == 0) {
            throw new TypeConversionException("'" + text + "' is no number of instructions; say 5000, 500k, 20M or 2G");
        }
        return Long.parseLong(form.group(1))
                * switch (form.group(2)) {
                    case "k", "K" -> 1_000L;
                    case "m", "M" -> 1_000_000L;
                    case "g", "G" -> 1_000_000_000L;
                    default -> 1L;
                };
    }
}
