package portcullis.hypervisor.gate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Who waits for whom. A VP whose active level is suspended executes nothing. It waits for a gate, and for a reason other than
 * the host's the gate waits for a VP: the one whose higher level holds it. Where that VP executes nothing either, and so on back
 * to the first, no instruction of any of them gets them out: a circle. All reasons of a gate must go before it opens, so a
 * circle through one of them is enough.
 *
 * <p>The host's reasons end a chain: the host can always lift. An interrupt for a higher level of one of the VPs can still get
 * them out (invariant 6). So a circle is told, and nothing is done about it.
 *
 * <p>Ask {@link #circle} whenever a circle may have closed: a context was suspended; a level that is suspended became active
 * again; a gate with waiters was shut for one more reason. Of several VPs that close one together, the last to publish sees it.
 * Any thread; what it finds was so at one moment during the call.
 */
public final class WaitGraph {
    private final int processors;
    private final IntFunction<FlushGates> levels;
    private final IntUnaryOperator activeLevel;

    /**
     * @param processors how many VPs there are
     * @param levels the gates of a trust level that is some VP's active one; any thread asks, as of the next
     * @param activeLevel the trust level in which a VP is
     */
    public WaitGraph(int processors, IntFunction<FlushGates> levels, IntUnaryOperator activeLevel) {
        this.processors = processors;
        this.levels = levels;
        this.activeLevel = activeLevel;
    }

    /** All VPs that execute nothing because of a gate, in ascending order. A VP with two holders is listed for each. */
    public List<Wait> waits() {
        List<Wait> all = new ArrayList<>();
        for (int vp = 0; vp < processors; vp++) {
            Look look = look(vp);
            if (look != null) {
                all.addAll(look.waits);
            }
        }
        return all;
    }

    /**
     * The shortest circle through a VP.
     *
     * @return each wait's holder is the next one's VP, the last one's holder is {@code vp}; empty where there is no circle
     */
    public List<Wait> circle(int vp) {
        Look first = look(vp);
        if (first == null || !first.leadsOn()) {
            return List.of();
        }
        List<Step> steps = new ArrayList<>();
        BitSet seen = new BitSet();
        steps.add(new Step(first, null, null));
        for (int next = 0; next < steps.size(); next++) {
            Step step = steps.get(next);
            for (Wait wait : step.look.waits) {
                if (wait.holder() == vp) {
                    return confirmed(step, wait);
                }
                if (wait.holder() != FlushPass.NONE && !seen.get(wait.holder())) {
                    seen.set(wait.holder());
                    Look further = look(wait.holder());
                    if (further != null) {
                        steps.add(new Step(further, step, wait));
                    }
                }
            }
        }
        return List.of();
    }

    /** All circles that there are, each once, by their first VPs. */
    public List<List<Wait>> circles() {
        List<List<Wait>> all = new ArrayList<>();
        BitSet seen = new BitSet();
        for (int vp = 0; vp < processors; vp++) {
            if (!seen.get(vp)) {
                List<Wait> circle = circle(vp);
                if (!circle.isEmpty()) {
                    circle.forEach(wait -> seen.set(wait.vp()));
                    all.add(circle);
                }
            }
        }
        return all;
    }

    /** A circle for text: one wait a line. */
    public static String describe(List<Wait> circle) {
        return String.join("\n", circle.stream().map(Wait::toString).toList());
    }

    /** All waits of a circle at one moment: those that have not ended when they are looked at again lasted from look to look. */
    private List<Wait> confirmed(Step last, Wait closing) {
        List<Wait> circle = new ArrayList<>();
        circle.add(closing);
        for (Step step = last; step != null; step = step.from) {
            if (!step.look.equals(look(step.look.vp))) {
                return List.of();
            }
            if (step.leading != null) {
                circle.add(step.leading);
            }
        }
        Collections.reverse(circle);
        return circle;
    }

    /** @return null where the VP is not suspended */
    private Look look(int vp) {
        int level = activeLevel.applyAsInt(vp);
        FlushGates gates = levels.apply(level);
        FlushPass pass = gates.pass(vp);
        int suspensions = pass.suspensions();
        int on = pass.waitingOn();
        if (on == FlushPass.NONE) {
            return null;
        }
        FlushGate gate = gates.gate(on);
        int reasons = gate.reasons() & (pass.waitingForLocks() ? InhibitReason.LOCKS : InhibitReason.ALL);
        if (reasons == 0) {
            return null;
        }
        boolean locked = (reasons & InhibitReason.LOCKS) != 0;
        boolean intercepted = (reasons & InhibitReason.INTERCEPT.bit()) != 0;
        int[] holders = new int[2];
        int count = 0;
        if (locked) {
            holders[count++] = on;
        }
        if (intercepted && !(locked && gate.interceptHolder() == on)) {
            holders[count++] = gate.interceptHolder();
        }
        if (count == 0) {
            holders[count++] = FlushPass.NONE;
        }
        List<Wait> waits = Arrays.stream(holders, 0, count)
                .mapToObj(holder -> new Wait(vp, level, on, reasons, holder))
                .toList();
        return new Look(vp, suspensions, waits);
    }

    /** What one look at a VP saw. */
    private record Look(int vp, int suspensions, List<Wait> waits) {
        boolean leadsOn() {
            return waits.getFirst().holder() != FlushPass.NONE;
        }
    }

    /** A VP on the way from the first, and the wait that led to it. */
    private record Step(Look look, Step from, Wait leading) {}
}
