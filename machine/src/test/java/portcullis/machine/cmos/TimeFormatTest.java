package portcullis.machine.cmos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeFormatTest {
    private static long seconds(String time) {
        return LocalDateTime.parse(time).toEpochSecond(ZoneOffset.UTC);
    }

    /** Registers: seconds, minutes, hours, day, month, year, century. */
    @ParameterizedTest
    @CsvSource({
        "2024-02-29T23:59:58,false,true,58592329022420",
        "2024-02-29T23:59:58,true,true,3a3b171d021814",
        "2024-02-29T23:59:58,false,false,58599129022420", // 11 PM: 0x11 with bit 7
        "2024-02-29T00:00:00,false,false,00001229022420",
        "2024-02-29T12:30:00,false,false,00309229022420",
        "2024-02-29T12:30:00,true,false,001e8c1d021814",
        "1999-12-31T01:02:03,false,true,03020131129919",
    })
    void shouldShowTimeAndReadItBack(String time, boolean binary, boolean hours24, String registers) {
        TimeFormat format = new TimeFormat(binary, hours24);
        byte[] memory = new byte[128];
        format.encode(seconds(time), memory);
        byte[] shown = {memory[0], memory[2], memory[4], memory[7], memory[8], memory[9], memory[0x32]};
        assertEquals(registers, HexFormat.of().formatHex(shown));
        assertEquals(seconds(time), format.decode(memory));
    }

    @Test
    void shouldMakeSomeTimeOfAnyRegisters() {
        byte[] memory = new byte[128];
        for (int value = 0; value < 256; value++) {
            java.util.Arrays.fill(memory, (byte) value);
            for (int format = 0; format < 4; format++) {
                TimeFormat any = new TimeFormat((format & 1) != 0, (format & 2) != 0);
                any.encode(any.decode(memory), memory);
                any.nextAlarm(value, memory);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1970-01-01T00:00:00,5", "2024-02-29T12:00:00,5", "2026-03-01T00:00:00,1", "1969-12-31T23:59:59,4"})
    void shouldKnowTheWeekday(String time, int weekday) {
        assertEquals(weekday, TimeFormat.weekday(seconds(time)));
    }

    @ParameterizedTest
    @CsvSource({
        "12:00:00, 00,00,12, 86400", // the same time tomorrow
        "12:00:00, 30,00,12, 30",
        "12:00:30, 15,00,12, 86385",
        "12:00:00, ff,ff,ff, 1", // every second
        "12:00:00, 00,ff,ff, 60", // every minute
        "12:59:59, 10,c0,ff, 11",
        "12:00:01, 00,00,ff, 3599", // every hour
        "23:59:59, 59,59,ff, 3600",
        "12:00:00, 75,ff,ff, -1", // no such second
        "12:00:00, 00,60,ff, -1",
        "12:00:00, 00,00,24, -1",
    })
    void shouldFindTheNextAlarm(String time, String second, String minute, String hour, long wait) {
        byte[] memory = new byte[128];
        memory[1] = (byte) Integer.parseInt(second, 16);
        memory[3] = (byte) Integer.parseInt(minute, 16);
        memory[5] = (byte) Integer.parseInt(hour, 16);
        long now = seconds("2024-05-05T" + time);
        long next = new TimeFormat(false, true).nextAlarm(now, memory);
        assertEquals(wait, next == TimeFormat.NEVER ? -1 : next - now);
    }

    @Test
    void shouldTakeTwelveHourAlarms() {
        byte[] memory = new byte[128];
        memory[5] = (byte) 0x81;
        long now = seconds("2024-05-05T12:00:00");
        assertEquals(now + 3600, new TimeFormat(false, false).nextAlarm(now, memory));
    }
}
