package portcullis.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.trace.TraceText;

/**
 * What a machine is about, for people.
 *
 * @param reason why anybody wants to know, one line
 * @param machine what it is and how far it has come, one line
 * @param outcome how the run has ended, where it has
 * @param processors what each VP is about, with its registers, next and last instructions: several lines each
 * @param waits who is suspended on whom; a line each
 * @param trace what has happened last, oldest first; a line each
 * @param slices by virtual time: which VP has executed last, from where, how many instructions; oldest first, a line each
 * @param output the last lines that the guest has said on its serial port, and what the host has refused it
 */
public record Diagnosis(
        String reason,
        String machine,
        Optional<Outcome> outcome,
        List<String> processors,
        List<String> waits,
        List<String> trace,
        List<String> slices,
        List<String> output) {
    /** All registers of so many VPs; of the others one line: there may be hundreds. */
    private static final int WHOLE = 8;

    private static final int OUTPUT_LINES = 12;

    /** While the machine is paused, or its run has ended. */
    static Diagnosis of(Machine machine, String reason) {
        List<String> processors = new ArrayList<>();
        for (Vp vp : machine.vps()) {
            processors.add(head(vp) + (processors.size() < WHOLE ? "\n" + whole(vp) : ""));
        }
        Switchboard kept = machine.switchboard();
        List<String> output = new ArrayList<>(kept.serial().text().lines().toList());
        List<String> last = new ArrayList<>(output.subList(Math.max(0, output.size() - OUTPUT_LINES), output.size()));
        kept.troubles().forEach(trouble -> last.add("portcullis: " + trouble));
        return new Diagnosis(
                reason,
                machine.toString(),
                machine.outcome(),
                List.copyOf(processors),
                machine.open().waitGraph().waits().stream().map(Wait::toString).toList(),
                kept.events().stream().map(TraceText::line).toList(),
                kept.slices(),
                List.copyOf(last));
    }

    private static String whole(Vp vp) {
        String registers = vp.describe().stripTrailing();
        String last = vp.lastInstructions().stripTrailing();
        // After a triple fault the engine tells both.
        return registers.contains(last) ? registers : registers + "\n" + last;
    }

    private static String head(Vp vp) {
        String state = vp.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        String where = vp.suspension()
                .map(wait -> " on vp %d since %.9f s, on the hypercall at 0x%x"
                        .formatted(wait.waitingOn(), wait.since() / 1e9, wait.rip()))
                .orElse("");
        return "vp %d vtl %d %s%s".formatted(vp.index(), vp.activeLevel(), state, where);
    }

    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder(reason).append('\n').append(machine).append('\n');
        outcome.ifPresent(
                how -> text.append("the run has ended: ").append(brief(how)).append('\n'));
        processors.forEach(each -> text.append(each).append('\n'));
        section(text, "who waits:", waits);
        section(text, "what happened last:", trace);
        section(text, "who executed last:", slices);
        section(text, "what the guest said last:", output);
        return text.toString().stripTrailing();
    }

    /** An outcome in one line: some carry registers, which are told anyhow. */
    static String brief(Outcome outcome) {
        return switch (outcome) {
            case Outcome.PowerOff() -> "power off";
            case Outcome.Reset() -> "the guest asks for a reset; Machine.reset() gives it one";
            case Outcome.TripleFault(int vp, String state) -> "triple fault of vp " + vp;
            case Outcome.GuestExit(int code) -> "exit with status " + code;
            case Outcome.Stalled(String state) -> "every vp waits for what cannot come";
            case Outcome.Endless(long ticks, String state) -> "the limit of " + ticks + " ns";
            case Outcome.AssertionFailed(int value) -> "the guest's assertion failed: 0x" + Integer.toHexString(value);
            case Outcome.HostError(int vp, Throwable cause) -> "a fault of Portcullis: " + cause;
            case Outcome.Stopped() -> "stopped by the host";
        };
    }

    private static void section(StringBuilder text, String title, List<String> lines) {
        if (!lines.isEmpty()) {
            text.append(title).append('\n');
            lines.forEach(line -> text.append("  ").append(line).append('\n'));
        }
    }
}
