package portcullis.soft.fp.sse;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a Zen 4 did: a row for every combination of operation, flags raised, rounding, DAZ and FTZ that was met. */
class MeasuredVectorsTest {
    private interface Operation {
        long apply(SseArithmetic sse, int immediate, long[] in);
    }

    private static final List<String> WITH_IMMEDIATE =
            List.of("cmpsd", "cmpss", "roundsd", "roundss", "cvtps2ph", "dpps", "dppd");

    private final Map<String, Operation> operations = new HashMap<>();

    MeasuredVectorsTest() {
        binary("add", (s, i, x) -> s.f64.add(x[0], x[1]), (s, i, x) -> s.f32.add((int) x[0], (int) x[1]));
        binary("sub", (s, i, x) -> s.f64.subtract(x[0], x[1]), (s, i, x) -> s.f32.subtract((int) x[0], (int) x[1]));
        binary("mul", (s, i, x) -> s.f64.multiply(x[0], x[1]), (s, i, x) -> s.f32.multiply((int) x[0], (int) x[1]));
        binary("div", (s, i, x) -> s.f64.divide(x[0], x[1]), (s, i, x) -> s.f32.divide((int) x[0], (int) x[1]));
        binary("min", (s, i, x) -> s.f64.minimum(x[0], x[1]), (s, i, x) -> s.f32.minimum((int) x[0], (int) x[1]));
        binary("max", (s, i, x) -> s.f64.maximum(x[0], x[1]), (s, i, x) -> s.f32.maximum((int) x[0], (int) x[1]));
        binary("sqrt", (s, i, x) -> s.f64.squareRoot(x[0]), (s, i, x) -> s.f32.squareRoot((int) x[0]));
        binary(
                "cmp",
                (s, i, x) -> s.f64.compareMask(x[0], x[1], i),
                (s, i, x) -> s.f32.compareMask((int) x[0], (int) x[1], i));
        binary(
                "comi",
                (s, i, x) -> s.f64.compare(x[0], x[1], true),
                (s, i, x) -> s.f32.compare((int) x[0], (int) x[1], true));
        binary(
                "ucomi",
                (s, i, x) -> s.f64.compare(x[0], x[1], false),
                (s, i, x) -> s.f32.compare((int) x[0], (int) x[1], false));
        binary("round", (s, i, x) -> s.f64.roundToIntegral(x[0], i), (s, i, x) -> s.f32.roundToIntegral((int) x[0], i));
        fused("fmadd132", 0, 2, 1, false, false);
        fused("fmadd213", 1, 0, 2, false, false);
        fused("fmadd231", 1, 2, 0, false, false);
        fused("fmsub213", 1, 0, 2, false, true);
        fused("fnmadd213", 1, 0, 2, true, false);
        fused("fnmsub213", 1, 0, 2, true, true);
        operations.putAll(Map.ofEntries(
                entry("cvtsd2ss", (s, i, x) -> s.convert.doubleToFloat(x[0])),
                entry("cvtss2sd", (s, i, x) -> s.convert.floatToDouble((int) x[0])),
                entry("cvtsi2sd32", (s, i, x) -> s.convert.intToDouble((int) x[0])),
                entry("cvtsi2sd64", (s, i, x) -> s.convert.longToDouble(x[0])),
                entry("cvtsi2ss32", (s, i, x) -> s.convert.intToFloat((int) x[0])),
                entry("cvtsi2ss64", (s, i, x) -> s.convert.longToFloat(x[0])),
                entry("cvtsd2si32", (s, i, x) -> s.convert.doubleToInt(x[0])),
                entry("cvtsd2si64", (s, i, x) -> s.convert.doubleToLong(x[0])),
                entry("cvttsd2si32", (s, i, x) -> s.convert.doubleToIntTruncating(x[0])),
                entry("cvttsd2si64", (s, i, x) -> s.convert.doubleToLongTruncating(x[0])),
                entry("cvtss2si32", (s, i, x) -> s.convert.floatToInt((int) x[0])),
                entry("cvtss2si64", (s, i, x) -> s.convert.floatToLong((int) x[0])),
                entry("cvttss2si32", (s, i, x) -> s.convert.floatToIntTruncating((int) x[0])),
                entry("cvttss2si64", (s, i, x) -> s.convert.floatToLongTruncating((int) x[0])),
                entry("cvtph2ps", (s, i, x) -> s.convert.halfToFloat((int) x[0])),
                entry("cvtps2ph", (s, i, x) -> s.convert.floatToHalf((int) x[0], i)),
                entry("dpps", (s, i, x) -> s.dotProductOfFloats(x[0], x[1], x[2], x[3], i)),
                entry("dppd", (s, i, x) -> s.dotProductOfDoubles(x[0], x[1], x[2], x[3], i))));
    }

    private void binary(String name, Operation doubles, Operation floats) {
        operations.put(name + "sd", doubles);
        operations.put(name + "ss", floats);
    }

    private void fused(String name, int a, int b, int c, boolean negateProduct, boolean negateAddend) {
        binary(
                name,
                (s, i, x) -> s.f64.fusedMultiplyAdd(x[a], x[b], x[c], negateProduct, negateAddend),
                (s, i, x) -> s.f32.fusedMultiplyAdd((int) x[a], (int) x[b], (int) x[c], negateProduct, negateAddend));
    }

    @Test
    void shouldGiveResultsAndFlagsOfHardware() throws IOException {
        List<String> differences = new ArrayList<>();
        int rows = 0;
        for (String row : rows()) {
            String actual = replay(row);
            rows++;
            if (!row.equals(actual)) {
                differences.add(row + "   but gave   " + actual);
            }
        }
        assertFalse(rows < 1000, "the table is missing rows");
        assertEquals(List.of(), differences);
    }

    private static List<String> rows() throws IOException {
        try (InputStream in = MeasuredVectorsTest.class.getResourceAsStream("zen4.vectors")) {
            String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            return text.lines().filter(line -> !line.startsWith("#")).toList();
        }
    }

    /** The row as our arithmetic would have written it. */
    private String replay(String row) {
        String[] sides = row.split(" = ");
        String[] left = sides[0].split(" ");
        int next = 1;
        int immediate = WITH_IMMEDIATE.contains(left[0]) ? Integer.parseInt(left[next++], 16) : 0;
        SseArithmetic sse = new SseArithmetic();
        sse.mxcsr.set(Integer.parseInt(left[next++], 16));
        long[] operands = new long[left.length - next];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = Long.parseUnsignedLong(left[next + i], 16);
        }
        long result = operations.get(left[0]).apply(sse, immediate, operands);
        String outcome = sse.mxcsr.settle() ? "#XM" : Long.toHexString(truncated(left[0], result));
        return sides[0] + " = " + outcome + " " + Integer.toHexString(sse.mxcsr.get());
    }

    private static long truncated(String name, long result) {
        boolean narrow =
                !name.endsWith("sd") && !name.endsWith("64") && !name.equals("dppd") && !name.equals("cvtsi2sd32")
                        || name.equals("cvtsi2ss64");
        return narrow ? result & 0xffff_ffffL : result;
    }
}
