package portcullis.hypervisor.hyperv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.memory.GuestMemory;

/** What a guest says when it crashes (TLFS, "Partition Crash Enlightenment"). */
class CrashRegistersTest {
    private static final long NOTIFY = 1L << 63;
    private static final long MESSAGE = 1L << 62;
    private static final int RAM = 0x10000;
    private static final int AT = 0x3ff0;

    private final GuestMemory memory = new GuestMemory(24);
    private final CrashRegisters registers = new CrashRegisters();

    CrashRegistersTest() {
        memory.addRam(0, RAM);
        for (int i = 0; i < CrashRegisters.PARAMETERS; i++) {
            registers.setParameter(i, 0x11 * (i + 1));
        }
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private GuestCrash write(long value) {
        return registers.control(3, value, memory.view(0));
    }

    /** What is made of a message of {@code text}, which crosses a page. */
    private String told(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        memory.write(AT, bytes, 0, Math.min(bytes.length, 16));
        if (bytes.length > 16) {
            memory.write(AT + 16, bytes, 16, bytes.length - 16);
        }
        return at(AT, bytes.length);
    }

    private String at(long gpa, long length) {
        registers.setParameter(3, gpa);
        registers.setParameter(4, length);
        return write(NOTIFY | MESSAGE).message();
    }

    @Test
    void shouldReportParametersWhereTheGuestNotifies() {
        GuestCrash crash = write(NOTIFY);
        assertEquals(new GuestCrash(3, List.of(0x11L, 0x22L, 0x33L, 0x44L, 0x55L), ""), crash);
        assertEquals("the guest reports a crash on vp 3: P0=11 P1=22 P2=33 P3=44 P4=55", crash.describe());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, MESSAGE, MESSAGE | 7L << 58})
    void shouldReportNothingWhereTheGuestDoesNotNotify(long value) {
        assertNull(write(value));
    }

    @Test
    void shouldSayWhatItCanDoWhateverWasWritten() {
        write(NOTIFY);
        assertEquals(NOTIFY | MESSAGE, registers.capabilities());
    }

    @Test
    void shouldTakeAMessageAcrossPages() {
        assertEquals("the engines cannot take any more", told("the engines cannot take any more"));
    }

    @Test
    void shouldTakeTheLongestMessageAndNoLonger() {
        memory.fill(0x1000, 0x2000, (byte) 'x');
        assertEquals("x".repeat(4096), at(0x1100, 4096));
        assertEquals("", at(0x1100, 4097));
        assertEquals("", at(0x1100, 0));
        assertEquals("", at(0x1100, -1));
    }

    @ParameterizedTest
    @ValueSource(longs = {RAM, RAM - 8, -8, 1L << 24, 1L << 60, Long.MIN_VALUE})
    void shouldReportWithoutAMessageThatIsNotInMemory(long gpa) {
        assertEquals("", at(gpa, 16));
    }

    static Stream<Arguments> unsafe() {
        return Stream.of(
                Arguments.of("\u001b[2J\u001b]0;root\u0007gone", "[2J]0;rootgone"),
                Arguments.of("a\u009b31mb", "a31mb"),
                Arguments.of("\u009d0;title\u009cx", "0;titlex"),
                Arguments.of("a\rb\bc\u007fd\0e", "abcde"),
                Arguments.of("txt.\u202eexe", "txt.exe"),
                Arguments.of("one\u2028two\u0085three", "onetwothree"),
                Arguments.of("tab\tand\nline", "tab\tand\nline"),
                Arguments.of("\u00fcber \u4e2d", "\u00fcber \u4e2d"));
    }

    @ParameterizedTest
    @MethodSource("unsafe")
    void shouldNotLetTheGuestSpeakToTheTerminal(String said, String shown) {
        assertEquals(shown, told(said));
    }

    @Test
    void shouldMarkTheGuestsOwnLines() {
        GuestCrash crash = new GuestCrash(0, List.of(1L), "Oops: 0002\nportcullis: all is well\n");
        assertEquals(
                "the guest reports a crash on vp 0: P0=1; it says:\n  | Oops: 0002\n  | portcullis: all is well",
                crash.describe());
        assertEquals(
                "the guest reports a crash on vp 0: P0=1; it says: Oops",
                new GuestCrash(0, List.of(1L), " Oops\n").describe());
    }

    @Test
    void shouldForgetParametersAtReset() {
        registers.reset();
        assertEquals(List.of(0L, 0L, 0L, 0L, 0L), write(NOTIFY).parameters());
    }
}
