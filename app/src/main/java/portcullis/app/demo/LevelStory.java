package portcullis.app.demo;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceListener;
import portcullis.hypervisor.trace.TraceText;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/**
 * What the guest {@code vsmdemo} says that it does, and between its lines what the hypervisor saw of it. The guest runs at full speed;
 * on a terminal the story is told at the pace of a reader.
 */
public final class LevelStory implements TraceListener {
    /** What to subscribe to. */
    public static final Set<TraceEvent.Kind> KINDS = Set.of(
            TraceEvent.Kind.VTL_ENTRY,
            TraceEvent.Kind.VTL_RETURN,
            TraceEvent.Kind.INTERCEPT,
            TraceEvent.Kind.HYPERCALL,
            TraceEvent.Kind.SUSPEND,
            TraceEvent.Kind.RESUME,
            TraceEvent.Kind.INHIBIT,
            TraceEvent.Kind.LIFT);

    /** Hypercalls that the story is about; all others are shown where they are refused. */
    private static final Set<Integer> TOLD = Set.of(
            HypercallCode.ENABLE_PARTITION_VTL.code(),
            HypercallCode.ENABLE_VP_VTL.code(),
            HypercallCode.MODIFY_VTL_PROTECTION_MASK.code(),
            HypercallCode.TRANSLATE_VIRTUAL_ADDRESS.code(),
            HypercallCode.FLUSH_VIRTUAL_ADDRESS_SPACE.code());

    private static final double NANOS = 1e9;
    private static final double NANOS_A_MICRO = 1e3;
    private static final int LINE_MILLIS = 120;
    private static final int CHAPTER_MILLIS = 900;
    private static final int LOOK_MILLIS = 10;
    /** By how much what took long may be late. */
    private static final long LATE_NANOS = 50_000_000;

    private final PrintStream out;
    private final LevelStrips strips;
    /** By time: what took long is told of when it is over, with the time at which it began. */
    private final PriorityBlockingQueue<Item> items = new PriorityBlockingQueue<>();

    private final AtomicLong order = new AtomicLong();
    private volatile LongSupplier clock = () -> 0;

    private final StringBuilder line = new StringBuilder();
    private int chapters;
    private int calls;
    private int interrupts;
    private int intercepts;
    private long waited;
    private String failure = "";

    /** @param what a {@link TraceEvent}, or a line of the guest */
    private record Item(long time, long order, Object what) implements Comparable<Item> {
        @Override
        public int compareTo(Item other) {
            return time != other.time ? Long.compare(time, other.time) : Long.compare(order, other.order);
        }
    }

    /** @param columns of the terminal that it is told on; 0 where it is none */
    public LevelStory(PrintStream out, int processors, int columns) {
        this.out = out;
        strips = columns > 0 ? new LevelStrips(out, processors, columns) : null;
    }

    @Override
    public void happened(TraceEvent event) {
        add(event.at().time(), event);
    }

    private void add(long time, Object what) {
        items.add(new Item(time, order.getAndIncrement(), what));
    }

    /** Before the machine runs. @param time guest time in nanoseconds, that of its events */
    public void setClock(LongSupplier time) {
        clock = time;
    }

    /** The guest's serial port. */
    public void serial(int value) {
        if (value == '\n') {
            add(clock.getAsLong(), line.toString());
            line.setLength(0);
        } else if (value != '\r') {
            line.append((char) value);
        }
    }

    /** Tells the story to its end, as it comes. @param ended whether nothing more comes */
    public void tell(BooleanSupplier ended) throws InterruptedException {
        while (!ended.getAsBoolean()) {
            tellUntil(clock.getAsLong() - LATE_NANOS);
            Thread.sleep(LOOK_MILLIS);
        }
        tellUntil(Long.MAX_VALUE);
    }

    private void tellUntil(long time) throws InterruptedException {
        while (!items.isEmpty() && items.peek().time <= time) {
            switch (items.poll().what) {
                case TraceEvent event -> event(event);
                case Object text -> said(text.toString());
            }
        }
    }

    private void said(String text) throws InterruptedException {
        String rest = text.length() > 2 ? text.substring(2) : "";
        switch (text.isEmpty() ? ' ' : text.charAt(0)) {
            case '#' -> {
                chapters++;
                show((chapters == 1 ? "" : "\n") + chapters + ". " + rest, CHAPTER_MILLIS);
            }
            case '-' -> show("             - " + rest, LINE_MILLIS);
            case '=' -> show("             = " + rest, LINE_MILLIS);
            case '!' -> failure = rest;
            default -> show("             " + text, LINE_MILLIS);
        }
    }

    private void event(TraceEvent event) throws InterruptedException {
        String what = switch (event) {
            case TraceEvent.VtlEntry entry -> {
                count(entry);
                yield "level %d is entered: %s".formatted(entry.to(), entry.reason());
            }
            case TraceEvent.VtlReturn back -> "level %d goes on".formatted(back.to());
            case TraceEvent.Intercept stopped -> {
                intercepts++;
                yield "stopped: level %d may not %s %s"
                        .formatted(stopped.at().vtl(), stopped.access(), object(stopped));
            }
            case TraceEvent.Hypercall call
            when !TOLD.contains(call.code()) && call.status() == HvStatus.SUCCESS -> null;
            case TraceEvent.Hypercall call -> "%s: %s".formatted(call.name(), HvStatus.name(call.status()));
            case TraceEvent.Resume resume -> {
                waited += resume.suspended();
                yield TraceText.what(resume);
            }
            case TraceEvent.Inhibit lock ->
                "translations of level %d on vp %d are locked"
                        .formatted(lock.at().vtl(), lock.at().vp());
            case TraceEvent.Lift lift ->
                "and unlocked" + (lift.resumed() == 0 ? "" : ", %d vp goes on".formatted(lift.resumed()));
            default -> TraceText.what(event);
        };
        if (strips != null) {
            strips.happened(event);
        }
        if (what != null) {
            show(
                    String.format(
                            Locale.ROOT,
                            "%11.6f  vp %d level %d  %s",
                            event.at().time() / NANOS,
                            event.at().vp(),
                            event.at().vtl(),
                            what),
                    LINE_MILLIS);
        }
    }

    /** Memory, or a register; what is to be in a control register says more than its name alone. */
    private static String object(TraceEvent.Intercept stopped) {
        return switch (stopped.type()) {
            case "memory" -> "0x%x".formatted(stopped.gpa());
            case "MSR" -> "MSR 0x%x".formatted(stopped.gpa());
            default -> "%s (0x%x)".formatted(stopped.type(), stopped.gpa());
        };
    }

    private void count(TraceEvent.VtlEntry entry) {
        switch (entry.reason()) {
            case "call" -> calls++;
            case "interrupt" -> interrupts++;
            default -> {
                // Intercepts have an event of their own.
            }
        }
    }

    private void show(String text, int millis) throws InterruptedException {
        if (strips == null) {
            out.println(text);
        } else {
            strips.below(text);
            Thread.sleep(millis);
        }
    }

    /** What it comes to. @return whether all was as the guest had it */
    public boolean facts() {
        out.printf(
                Locale.ROOT,
                "%n  level 1 was entered %d times by a call, %d times by an interrupt, and was told of %d accesses that it forbids;%n"
                        + "  flushes waited %,.1f us for a locked TLB%n",
                calls,
                interrupts,
                intercepts,
                waited / NANOS_A_MICRO);
        if (!failure.isEmpty()) {
            out.println("  NOT as it must be: " + failure);
        }
        return failure.isEmpty();
    }
}
