package portcullis.oracle.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.oracle.isa.Flags;

class FlagEffectTest {
    private static int flags(String letters) {
        int flags = 0;
        for (char letter : letters == null ? new char[0] : letters.toCharArray()) {
            flags |= switch (letter) {
                case 'O' -> Flags.O;
                case 'S' -> Flags.S;
                case 'Z' -> Flags.Z;
                case 'A' -> Flags.A;
                case 'P' -> Flags.P;
                default -> Flags.C;
            };
        }
        return flags;
    }

    @ParameterizedTest
    @CsvSource({
        "shift, 0, 32, , ",
        "shift, 32, 32, , ",
        "shift, 1, 32, OSZPC, A",
        "shift, 2, 32, SZPC, OA",
        "shift, 8, 8, SZP, OAC",
        "shift, 17, 16, SZP, OAC",
        "sar, 9, 8, SZPC, OA",
        "rotate, 1, 8, OC, ",
        "rotate, 8, 8, C, O",
        "rotate, 64, 64, , ",
        "rotatecarry, 3, 16, C, O"
    })
    void shouldKnowWhatShiftsDefine(String rule, int count, int bits, String written, String undefined) {
        FlagEffect effect = FlagEffect.ofShift(rule, count, bits);
        assertEquals(flags(written), effect.written());
        assertEquals(flags(undefined), effect.undefined());
    }

    private static Item item(FlagEffect effect, Item.Fixup... fixups) {
        return new Item(new byte[1], List.of(fixups), 1, null, effect, 0, Item.Approximation.NONE);
    }

    private static final FlagEffect UNDEFINES_A = new FlagEffect(Flags.STATUS & ~Flags.A, Flags.A, 0);
    private static final FlagEffect WRITES_ALL = new FlagEffect(Flags.STATUS, 0, 0);
    private static final FlagEffect READS_A = new FlagEffect(0, 0, Flags.A);

    @Test
    void shouldForgetUndefinedFlagsOnceWritten() {
        assertEquals(Flags.A, FlagTracker.undefinedAfter(List.of(item(UNDEFINES_A))));
        assertEquals(0, FlagTracker.undefinedAfter(List.of(item(UNDEFINES_A), item(WRITES_ALL))));
    }

    @Test
    void shouldRefuseToReadAnUndefinedFlag() {
        assertEquals(-1, FlagTracker.undefinedAfter(List.of(item(UNDEFINES_A), item(READS_A))));
    }

    @Test
    void shouldRememberUndefinedFlagsOnThePathThatJumpsOverTheWrite() {
        Item jump = item(FlagEffect.NONE, new Item.Fixup(0, 4, -1, 1));
        assertEquals(Flags.A, FlagTracker.undefinedAfter(List.of(item(UNDEFINES_A), jump, item(WRITES_ALL))));
        assertEquals(
                0, FlagTracker.undefinedAfter(List.of(item(UNDEFINES_A), jump, item(WRITES_ALL), item(WRITES_ALL))));
    }
}
