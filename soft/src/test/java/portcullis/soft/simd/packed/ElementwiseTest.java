package portcullis.soft.simd.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import java.util.function.LongBinaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Arithmetic on all elements at once against the same on one element after the other. */
class ElementwiseTest {
    private static final long[] CORNERS = {
        0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0x8080_8080_8080_8080L, 0x7f7f_7f7f_7f7f_7f7fL, 0x8000_7fff_8000_7fffL
    };

    /** @param one the operation on sign-extended elements; its result is truncated */
    private record Operation(String name, int width, LongBinaryOperator all, LongBinaryOperator one) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static long unsigned(long a, int width) {
        return a & (1L << width) - 1;
    }

    private static long clamp(long value, long least, long greatest) {
        return Math.min(Math.max(value, least), greatest);
    }

    private static long flag(boolean condition) {
        return condition ? -1 : 0;
    }

    private static Operation of(String name, int width, LongBinaryOperator all, LongBinaryOperator one) {
        return new Operation(name, width, all, one);
    }

    static Stream<Operation> operations() {
        return Stream.of(
                of("PADDB", 8, PackedBytes::add, (a, b) -> a + b),
                of("PSUBB", 8, PackedBytes::subtract, (a, b) -> a - b),
                of("PADDSB", 8, PackedBytes::addSigned, (a, b) -> clamp(a + b, -128, 127)),
                of("PSUBSB", 8, PackedBytes::subtractSigned, (a, b) -> clamp(a - b, -128, 127)),
                of("PADDUSB", 8, PackedBytes::addUnsigned, (a, b) -> clamp(unsigned(a, 8) + unsigned(b, 8), 0, 255)),
                of(
                        "PSUBUSB",
                        8,
                        PackedBytes::subtractUnsigned,
                        (a, b) -> clamp(unsigned(a, 8) - unsigned(b, 8), 0, 255)),
                of("PCMPEQB", 8, PackedBytes::equal, (a, b) -> flag(a == b)),
                of("PCMPGTB", 8, PackedBytes::greater, (a, b) -> flag(a > b)),
                of("PMINUB", 8, PackedBytes::minUnsigned, (a, b) -> Math.min(unsigned(a, 8), unsigned(b, 8))),
                of("PMAXUB", 8, PackedBytes::maxUnsigned, (a, b) -> Math.max(unsigned(a, 8), unsigned(b, 8))),
                of("PMINSB", 8, PackedBytes::minSigned, Math::min),
                of("PMAXSB", 8, PackedBytes::maxSigned, Math::max),
                of("PAVGB", 8, PackedBytes::average, (a, b) -> unsigned(a, 8) + unsigned(b, 8) + 1 >> 1),
                of("PSIGNB", 8, PackedBytes::applySign, (a, b) -> a * Long.signum(b)),
                of("PABSB", 8, (a, b) -> PackedBytes.absolute(a), (a, b) -> Math.abs(a)),
                of("PBLENDVB mask", 8, (a, b) -> PackedBytes.fillFromSign(a), (a, b) -> a >> 63),
                of("PADDW", 16, PackedWords::add, (a, b) -> a + b),
                of("PSUBW", 16, PackedWords::subtract, (a, b) -> a - b),
                of("PADDSW", 16, PackedWords::addSigned, (a, b) -> clamp(a + b, -0x8000, 0x7fff)),
                of("PSUBSW", 16, PackedWords::subtractSigned, (a, b) -> clamp(a - b, -0x8000, 0x7fff)),
                of(
                        "PADDUSW",
                        16,
                        PackedWords::addUnsigned,
                        (a, b) -> clamp(unsigned(a, 16) + unsigned(b, 16), 0, 0xffff)),
                of(
                        "PSUBUSW",
                        16,
                        PackedWords::subtractUnsigned,
                        (a, b) -> clamp(unsigned(a, 16) - unsigned(b, 16), 0, 0xffff)),
                of("PCMPEQW", 16, PackedWords::equal, (a, b) -> flag(a == b)),
                of("PCMPGTW", 16, PackedWords::greater, (a, b) -> flag(a > b)),
                of("PMINUW", 16, PackedWords::minUnsigned, (a, b) -> Math.min(unsigned(a, 16), unsigned(b, 16))),
                of("PMAXUW", 16, PackedWords::maxUnsigned, (a, b) -> Math.max(unsigned(a, 16), unsigned(b, 16))),
                of("PMINSW", 16, PackedWords::minSigned, Math::min),
                of("PMAXSW", 16, PackedWords::maxSigned, Math::max),
                of("PAVGW", 16, PackedWords::average, (a, b) -> unsigned(a, 16) + unsigned(b, 16) + 1 >> 1),
                of("PSIGNW", 16, PackedWords::applySign, (a, b) -> a * Long.signum(b)),
                of("PABSW", 16, (a, b) -> PackedWords.absolute(a), (a, b) -> Math.abs(a)),
                of("PMULLW", 16, PackedWords::multiplyLow, (a, b) -> a * b),
                of("PMULHW", 16, PackedWords::multiplyHighSigned, (a, b) -> a * b >> 16),
                of("PMULHUW", 16, PackedWords::multiplyHighUnsigned, (a, b) -> unsigned(a, 16) * unsigned(b, 16) >> 16),
                of("PMULHRSW", 16, PackedWords::multiplyHighRounded, (a, b) -> (a * b >> 14) + 1 >> 1),
                of("PSLLW", 16, (a, b) -> PackedWords.shiftLeft(a, 5), (a, b) -> a << 5),
                of("PSRLW", 16, (a, b) -> PackedWords.shiftRight(a, 5), (a, b) -> unsigned(a, 16) >>> 5),
                of("PSRAW", 16, (a, b) -> PackedWords.shiftRightArithmetic(a, 5), (a, b) -> a >> 5),
                of("PSRAW far", 16, (a, b) -> PackedWords.shiftRightArithmetic(a, 1L << 40), (a, b) -> a >> 15),
                of("PSRLW far", 16, (a, b) -> PackedWords.shiftRight(a, 16), (a, b) -> 0),
                of("PADDD", 32, PackedDwords::add, (a, b) -> a + b),
                of("PSUBD", 32, PackedDwords::subtract, (a, b) -> a - b),
                of("PCMPEQD", 32, PackedDwords::equal, (a, b) -> flag(a == b)),
                of("PCMPGTD", 32, PackedDwords::greater, (a, b) -> flag(a > b)),
                of("PMINUD", 32, PackedDwords::minUnsigned, (a, b) -> Math.min(unsigned(a, 32), unsigned(b, 32))),
                of("PMAXUD", 32, PackedDwords::maxUnsigned, (a, b) -> Math.max(unsigned(a, 32), unsigned(b, 32))),
                of("PMINSD", 32, PackedDwords::minSigned, Math::min),
                of("PMAXSD", 32, PackedDwords::maxSigned, Math::max),
                of("PMULLD", 32, PackedDwords::multiplyLow, (a, b) -> a * b),
                of("PSIGND", 32, PackedDwords::applySign, (a, b) -> a * Long.signum(b)),
                of("PABSD", 32, (a, b) -> PackedDwords.absolute(a), (a, b) -> Math.abs(a)),
                of("PSLLD", 32, (a, b) -> PackedDwords.shiftLeft(a, 31), (a, b) -> a << 31),
                of("PSRLD", 32, (a, b) -> PackedDwords.shiftRight(a, 31), (a, b) -> unsigned(a, 32) >>> 31),
                of("PSRAD", 32, (a, b) -> PackedDwords.shiftRightArithmetic(a, -1), (a, b) -> a >> 31));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void shouldTreatEveryElementAlike(Operation operation) {
        SplittableRandom random = new SplittableRandom(operation.name.hashCode());
        for (long a : CORNERS) {
            for (long b : CORNERS) {
                check(operation, a, b);
            }
        }
        for (int i = 0; i < 2000; i++) {
            long a = random.nextLong();
            long b = i % 3 == 0 ? a ^ 0xffL << random.nextInt(8) * 8 : random.nextLong();
            check(operation, a, b);
        }
    }

    private static void check(Operation operation, long a, long b) {
        long expected = 0;
        int width = operation.width;
        for (int shift = 0; shift < 64; shift += width) {
            long x = a << 64 - width - shift >> 64 - width;
            long y = b << 64 - width - shift >> 64 - width;
            expected |= unsigned(operation.one.applyAsLong(x, y), width) << shift;
        }
        long actual = operation.all.applyAsLong(a, b);
        assertEquals(Long.toHexString(expected), Long.toHexString(actual), () -> "%x, %x".formatted(a, b));
    }
}
