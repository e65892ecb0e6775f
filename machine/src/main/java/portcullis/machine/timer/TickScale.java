package portcullis.machine.timer;

/** Converts between the clock's ticks and a device's own time unit, without drift: both count from the same zero. */
public final class TickScale {
    private final long frequency;
    private final long unitFrequency;

    /**
     * @param frequency of the clock, in Hz
     * @param unitFrequency units a second; the product with {@code frequency} must fit 63 bits
     */
    public TickScale(long frequency, long unitFrequency) {
        Math.multiplyExact(frequency, unitFrequency);
        this.frequency = frequency;
        this.unitFrequency = unitFrequency;
    }

    /** Whole units that have passed at {@code ticks}. */
    public long unitsAt(long ticks) {
        return ticks / frequency * unitFrequency + ticks % frequency * unitFrequency / frequency;
    }

    /** The first tick at which {@code units} whole units have passed; {@link Long#MAX_VALUE} where that is too far away to say. */
    public long ticksOf(long units) {
        long seconds = units / unitFrequency;
        long rest = units % unitFrequency;
        long ticks = Math.ceilDiv(rest * frequency, unitFrequency);
        return seconds > Long.MAX_VALUE / frequency - 1 ? Long.MAX_VALUE : seconds * frequency + ticks;
    }
}
