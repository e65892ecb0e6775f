package portcullis.fuzz;

import java.util.HashMap;
import java.util.Map;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.tlfs.HvMsr;

/** Where overlay pages must lie, as the registers that place them say, and what is there. */
final class OverlayRules {
    private static final int[] OF_A_VP = {HvMsr.VP_ASSIST_PAGE, HvMsr.SIMP, HvMsr.SIEFP};
    private static final int[] OF_THE_PARTITION = {HvMsr.HYPERCALL, HvMsr.REFERENCE_TSC};

    private final Partition partition;
    private MemoryView view;
    private final ExitDetails answer = new ExitDetails();
    /** By page: how many overlays, and the MSR of one of them. */
    private final Map<Long, long[]> placed = new HashMap<>();

    OverlayRules(Partition partition) {
        this.partition = partition;
    }

    void check(Object context) {
        for (int level = 0; level < Partition.TRUST_LEVELS; level++) {
            if (partition.level(level) != null) {
                check(level, context);
            }
        }
    }

    private void check(int level, Object context) {
        view = partition.memory().view(level);
        placed.clear();
        boolean first = true;
        for (VirtualProcessor vp : partition.processors()) {
            VtlContext state = vp.context(level);
            if (state == null) {
                continue;
            }
            for (int msr : first ? OF_THE_PARTITION : new int[0]) {
                note(state, msr);
            }
            first = false;
            for (int msr : OF_A_VP) {
                note(state, msr);
            }
        }
        if (first) {
            return;
        }
        placed.forEach((page, what) -> {
            if (!view.isOverlaid(page)) {
                throw new Violation("no overlay at %x, where MSR %x has one: %s".formatted(page, what[1], context));
            }
            if (what[0] == 1) {
                requireContent(page, (int) what[1], context);
            }
        });
        for (int i = 0; i < Layout.PLAYGROUND_PAGES; i++) {
            long page = Layout.PLAYGROUND + (long) i * Layout.PAGE;
            if (view.isOverlaid(page) && !placed.containsKey(page)) {
                throw new Violation("an overlay at %x that no MSR has: %s".formatted(page, context));
            }
        }
    }

    private void note(VtlContext state, int msr) {
        SyntheticMsrs msrs = state.syntheticMsrs();
        answer.msr = msr;
        msrs.read(answer);
        long page = answer.value & -Layout.PAGE;
        if (!answer.fault && (answer.value & 1) != 0 && page >= 0 && page < Layout.LIMIT) {
            long[] what = placed.computeIfAbsent(page, key -> new long[2]);
            what[0]++;
            what[1] = msr;
        }
    }

    private void requireContent(long page, int msr, Object context) {
        if (view.protection(page) != Protection.ALL) {
            return;
        }
        if (msr == HvMsr.HYPERCALL) {
            int code = view.getInt(page);
            boolean right = code == 0xc3c1010f || code == 0xc3d9010f;
            Violation.require(right && !view.writable(page, 1), "the hypercall page holds %x: %s", code, context);
        } else if (msr == HvMsr.REFERENCE_TSC) {
            long scale = partition.referenceTime().scale();
            boolean right = view.getInt(page) != 0 && view.getLong(page + 8) == scale;
            Violation.require(right && !view.writable(page, 1), "the reference TSC page is not one: %s", context);
        } else {
            Violation.require(view.writable(page, Layout.PAGE), "the guest may not write its own page: %s", context);
        }
    }
}
