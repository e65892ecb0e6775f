package portcullis.hypervisor.apic;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Who listens to which destination, as of one moment. Immutable. */
final class RoutingTable {
    private static final LocalApic[] NOBODY = {};
    static final RoutingTable EMPTY = new RoutingTable(0, NOBODY);

    /** Ids up to here, all there are on most machines, are found by index. */
    private static final int DIRECT = 256;

    private final int version;
    private final LocalApic[] all;
    private final LocalApic[][] direct = new LocalApic[DIRECT][];
    private final Map<Integer, LocalApic[]> others = new HashMap<>();
    private final LocalApic[] xapics;
    private final Map<Integer, LocalApic[]> clusters = new HashMap<>();

    RoutingTable(int version, LocalApic[] apics) {
        this.version = version;
        List<LocalApic> enabled = new ArrayList<>();
        List<LocalApic> narrow = new ArrayList<>();
        for (LocalApic apic : apics) {
            ApicAddress address = apic.address();
            if (address.mode() == ApicMode.DISABLED) {
                continue;
            }
            enabled.add(apic);
            int id = address.physical();
            if (id >= 0 && id < DIRECT) {
                // xAPIC ids can be written: several may share one.
                direct[id] = with(direct[id], apic);
            } else {
                others.merge(id, new LocalApic[] {apic}, (before, added) -> with(before, apic));
            }
            if (address.mode() == ApicMode.X2APIC) {
                clusters.merge(address.logical() >>> 16, new LocalApic[] {apic}, (before, added) -> with(before, apic));
            } else {
                narrow.add(apic);
            }
        }
        all = enabled.toArray(LocalApic[]::new);
        xapics = narrow.toArray(LocalApic[]::new);
        if (xapics.length != 0) {
            clusters.replaceAll((cluster, members) -> {
                LocalApic[] grown = members;
                for (LocalApic apic : xapics) {
                    grown = with(grown, apic);
                }
                return grown;
            });
        }
    }

    private static LocalApic[] with(LocalApic[] before, LocalApic added) {
        if (before == null) {
            return new LocalApic[] {added};
        }
        LocalApic[] grown = java.util.Arrays.copyOf(before, before.length + 1);
        grown[before.length] = added;
        return grown;
    }

    int version() {
        return version;
    }

    /** Every APIC that is not disabled. */
    LocalApic[] all() {
        return all;
    }

    LocalApic[] physical(int id) {
        LocalApic[] found = id >= 0 && id < DIRECT ? direct[id] : others.get(id);
        return found == null ? NOBODY : found;
    }

    /** Those that a logical destination can mean; the caller compares with each one's own ids. */
    LocalApic[] logicalCandidates(int destination) {
        return clusters.getOrDefault(destination >>> 16, xapics);
    }
}
