package portcullis.soft.simd.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StringCompareTest {
    @Test
    void shouldDoWhatHardwareDidForEveryImmediate() throws IOException {
        List<String> differences = new ArrayList<>();
        int rows = 0;
        for (String row : rows()) {
            String actual = replay(row.split(" = ")[0]);
            rows++;
            if (!row.equals(actual)) {
                differences.add(row + "   but gave   " + actual);
            }
        }
        assertEquals(256, rows);
        assertEquals(List.of(), differences);
    }

    private static List<String> rows() throws IOException {
        try (InputStream in = StringCompareTest.class.getResourceAsStream("strings.vectors")) {
            String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            return text.lines().filter(line -> !line.startsWith("#")).toList();
        }
    }

    private static String replay(String inputs) {
        String[] words = inputs.split(" ");
        long[] x = new long[words.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = Long.parseUnsignedLong(words[i], 16);
        }
        int immediate = (int) x[0];
        int aLength = StringCompare.explicitLength((int) x[5], immediate);
        int bLength = StringCompare.explicitLength((int) x[6], immediate);
        int result = StringCompare.compare(x[1], x[2], aLength, x[3], x[4], bLength, immediate);
        int elements = StringCompare.elements(immediate);
        int flags = (result != 0 ? 1 : 0)
                | (bLength < elements ? 0x40 : 0)
                | (aLength < elements ? 0x80 : 0)
                | (result & 1) << 11;
        int aImplicit = StringCompare.implicitLength(x[1], x[2], immediate);
        int bImplicit = StringCompare.implicitLength(x[3], x[4], immediate);
        int implicit = StringCompare.compare(x[1], x[2], aImplicit, x[3], x[4], bImplicit, immediate);
        return "%s = %x %x %x %x %x"
                .formatted(
                        inputs,
                        StringCompare.index(result, immediate),
                        StringCompare.mask(result, immediate, false),
                        StringCompare.mask(result, immediate, true),
                        flags,
                        StringCompare.index(implicit, immediate));
    }
}
