package portcullis.app;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import portcullis.machine.config.MemorySpelling;

/** Reads {@code --memory}. */
final class MemorySize implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
        try {
            return MemorySpelling.parse(text);
        } catch (IllegalArgumentException refused) {
            throw new TypeConversionException(refused.getMessage());
        }
    }
}
