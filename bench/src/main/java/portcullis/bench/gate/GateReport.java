package portcullis.bench.gate;

import java.io.PrintStream;
import portcullis.machine.loader.LoadException;

/** Prints what the gate costs as Markdown tables. */
public final class GateReport {
    private static final long SECOND = 1_000_000_000L;

    private GateReport() {}

    /** @param arguments seconds for each figure that is measured for a time; 2 without */
    public static void main(String[] arguments) throws LoadException {
        PrintStream out = System.out;
        double seconds = arguments.length == 0 ? 2 : Double.parseDouble(arguments[0]);
        long nanoseconds = (long) (seconds * SECOND);
        new InhibitCost(out, nanoseconds).report();
        new ResumeLatency(out).report();
        new Storm(out, nanoseconds).report();
    }
}
