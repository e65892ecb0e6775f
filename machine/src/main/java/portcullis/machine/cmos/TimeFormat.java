package portcullis.machine.cmos;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * How an MC146818 shows time in its registers: binary or BCD, 24 or 12 hours with PM in bit 7. Whatever a guest writes means some
 * time: fields out of range carry into the next.
 */
record TimeFormat(boolean binary, boolean hours24) {
    static final int SECONDS = 0x00;
    static final int SECONDS_ALARM = 0x01;
    static final int MINUTES = 0x02;
    static final int MINUTES_ALARM = 0x03;
    static final int HOURS = 0x04;
    static final int HOURS_ALARM = 0x05;
    static final int WEEKDAY = 0x06;
    static final int DAY = 0x07;
    static final int MONTH = 0x08;
    static final int YEAR = 0x09;
    static final int CENTURY = 0x32;

    static final long NEVER = Long.MAX_VALUE;

    private static final int PM = 0x80;
    /** Alarm fields with both upper bits set match anything. */
    private static final int ANY = 0xc0;

    private static final int SECONDS_PER_DAY = 86_400;

    /** Whether a register is one of the ten that hold the time; alarms are not. */
    static boolean isTime(int register) {
        return switch (register) {
            case SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY -> true;
            default -> false;
        };
    }

    /** Shows a time in all the registers but WEEKDAY. @param epochSecond seconds since 1970 */
    void encode(long epochSecond, byte[] registers) {
        LocalDateTime time = LocalDateTime.ofEpochSecond(epochSecond, 0, ZoneOffset.UTC);
        registers[SECONDS] = number(time.getSecond());
        registers[MINUTES] = number(time.getMinute());
        registers[HOURS] = hour(time.getHour());
        registers[DAY] = number(time.getDayOfMonth());
        registers[MONTH] = number(time.getMonthValue());
        registers[YEAR] = number(Math.floorMod(time.getYear(), 100));
        registers[CENTURY] = number(Math.floorMod(Math.floorDiv(time.getYear(), 100), 100));
    }

    /** The time that registers show, in seconds since 1970. */
    long decode(byte[] registers) {
        int year = number(registers[CENTURY]) * 100 + number(registers[YEAR]);
        return LocalDateTime.of(year, 1, 1, 0, 0)
                .plusMonths(number(registers[MONTH]) - 1L)
                .plusDays(number(registers[DAY]) - 1L)
                .plusHours(hour(registers[HOURS]))
                .plusMinutes(number(registers[MINUTES]))
                .plusSeconds(number(registers[SECONDS]))
                .toEpochSecond(ZoneOffset.UTC);
    }

    /** Day of the week of a date, 1 is Sunday. */
    static int weekday(long epochSecond) {
        // 1 January 1970 was a Thursday.
        return (int) Math.floorMod(Math.floorDiv(epochSecond, SECONDS_PER_DAY) + 4, 7L) + 1;
    }

    /** The first second after {@code epochSecond} that matches the alarm registers; NEVER where no time does. */
    long nextAlarm(long epochSecond, byte[] registers) {
        long time = epochSecond + 1;
        long end = epochSecond + SECONDS_PER_DAY;
        while (time <= end) {
            int ofDay = (int) Math.floorMod(time, (long) SECONDS_PER_DAY);
            if (!any(registers[HOURS_ALARM]) && ofDay / 3600 != hour(registers[HOURS_ALARM])) {
                time += 3600 - ofDay % 3600;
            } else if (!any(registers[MINUTES_ALARM]) && ofDay / 60 % 60 != number(registers[MINUTES_ALARM])) {
                time += 60 - ofDay % 60;
            } else if (!any(registers[SECONDS_ALARM]) && ofDay % 60 != number(registers[SECONDS_ALARM])) {
                int wanted = number(registers[SECONDS_ALARM]);
                time += (wanted > ofDay % 60 && wanted < 60 ? wanted : 60) - ofDay % 60;
            } else {
                return time;
            }
        }
        return NEVER;
    }

    private static boolean any(byte alarm) {
        return (alarm & ANY) == ANY;
    }

    byte number(int value) {
        return (byte) (binary ? value : value / 10 << 4 | value % 10);
    }

    int number(byte shown) {
        return binary ? shown & 0xff : (shown >> 4 & 15) * 10 + (shown & 15);
    }

    private byte hour(int hour) {
        if (hours24) {
            return number(hour);
        }
        int onDial = hour % 12 == 0 ? 12 : hour % 12;
        return (byte) (number(onDial) | (hour >= 12 ? PM : 0));
    }

    private int hour(byte shown) {
        if (hours24) {
            return number(shown);
        }
        return number((byte) (shown & ~PM)) % 12 + ((shown & PM) != 0 ? 12 : 0);
    }
}
