package portcullis.fuzz;

import java.util.Map;
import java.util.TreeMap;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** What the calls of a run came to. For one thread; {@link #add} puts those of several together. */
final class Tally {
    long calls;
    long undefined;
    long suspended;
    long continued;
    long switched;
    long ownRegisters;
    long voided;
    long msrReads;
    long msrWrites;
    long generalProtection;
    long programs;
    private final long[] byStatus = new long[1 << 16];
    private final long[] byCode = new long[1 << 16];
    private final long[] succeeded = new long[1 << 16];
    private final Map<String, Long> endings = new TreeMap<>();

    void completed(int code, int status) {
        calls++;
        byStatus[status]++;
        byCode[code]++;
        if (status == 0) {
            succeeded[code]++;
        }
    }

    /** Calls that came to anything. */
    long made() {
        return calls + undefined + suspended + switched + ownRegisters;
    }

    void ended(String how) {
        endings.merge(how, 1L, Long::sum);
    }

    void add(Tally other) {
        calls += other.calls;
        undefined += other.undefined;
        suspended += other.suspended;
        continued += other.continued;
        switched += other.switched;
        ownRegisters += other.ownRegisters;
        voided += other.voided;
        msrReads += other.msrReads;
        msrWrites += other.msrWrites;
        generalProtection += other.generalProtection;
        programs += other.programs;
        for (int i = 0; i < byStatus.length; i++) {
            byStatus[i] += other.byStatus[i];
            byCode[i] += other.byCode[i];
            succeeded[i] += other.succeeded[i];
        }
        other.endings.forEach((how, count) -> endings.merge(how, count, Long::sum));
    }

    /** Several lines. */
    String describe() {
        StringBuilder text = new StringBuilder();
        text.append(
                "programs %d: calls completed %d, #UD %d, suspended %d, continued %d, level switches %d, own registers set %d, not made %d%n"
                        .formatted(programs, calls, undefined, suspended, continued, switched, ownRegisters, voided));
        text.append("MSRs: read %d, written %d, #GP %d%n".formatted(msrReads, msrWrites, generalProtection));
        text.append("endings: ").append(endings).append(System.lineSeparator());
        text.append("by status:%n".formatted());
        for (int status = 0; status < byStatus.length; status++) {
            if (byStatus[status] != 0) {
                text.append("  %04x %-32s %12d%n".formatted(status, HvStatus.name(status), byStatus[status]));
            }
        }
        text.append("by call (of these successful):%n".formatted());
        long unknown = 0;
        for (int code = 0; code < byCode.length; code++) {
            if (CallTable.row(code) != null) {
                text.append("  %04x %-32s %12d %12d%n"
                        .formatted(code, HypercallCode.of(code).name(), byCode[code], succeeded[code]));
            } else {
                unknown += byCode[code];
            }
        }
        text.append("  others %42d%n".formatted(unknown));
        return text.toString();
    }
}
