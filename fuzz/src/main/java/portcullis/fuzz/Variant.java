package portcullis.fuzz;

import java.util.EnumSet;
import java.util.Set;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;

/** What a partition offers, and how many VPs it has. */
enum Variant {
    FULL(6, Set.of()),
    NO_XMM(4, EnumSet.of(Enlightenment.XMM_INPUT, Enlightenment.XMM_OUTPUT)),
    NO_XMM_OUTPUT(4, EnumSet.of(Enlightenment.XMM_OUTPUT)),
    BARE(3, EnumSet.allOf(Enlightenment.class)),
    /** More VPs than one word of a set holds. */
    MANY(67, Set.of()),
    /** With trust levels. */
    LEVELS(4, Set.of(), 2);

    final int processors;
    /** The highest trust level that the guest may enable. */
    final int trustLevels;

    private final Set<Enlightenment> missing;

    Variant(int processors, Set<Enlightenment> missing) {
        this(processors, missing, 0);
    }

    Variant(int processors, Set<Enlightenment> missing, int trustLevels) {
        this.processors = processors;
        this.trustLevels = trustLevels;
        this.missing = missing;
    }

    HypervConfig config() {
        EnumSet<Enlightenment> offered = EnumSet.allOf(Enlightenment.class);
        offered.removeAll(missing);
        boolean again = true;
        while (again) {
            again = offered.removeIf(one -> !offered.containsAll(one.needs()));
        }
        return new HypervConfig(true, offered, trustLevels);
    }
}
