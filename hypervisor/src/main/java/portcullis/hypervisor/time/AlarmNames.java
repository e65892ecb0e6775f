package portcullis.hypervisor.time;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * All alarms of a {@link GuestTime}, found by name where they are saved and restored: a machine of the same configuration makes
 * alarms of the same names, and those that share one in the same order. Guarded by its owner's lock.
 */
final class AlarmNames {
    /** An alarm as its owner keeps it. */
    interface Entry {
        boolean isSet();

        /** Meaningful where it is set. */
        long deadline();

        /** Which of two that fall due together goes first. */
        long number();

        void restore(boolean set, long deadline, long number);
    }

    private final Map<String, List<Entry>> entries = new LinkedHashMap<>();

    void add(String name, Entry alarm) {
        entries.computeIfAbsent(name, first -> new ArrayList<>()).add(alarm);
    }

    void save(StateWriter out) {
        out.putInt(entries.size());
        entries.forEach((name, alarms) -> {
            out.putString(name);
            out.putInt(alarms.size());
            for (Entry alarm : alarms) {
                out.putBoolean(alarm.isSet());
                out.putLong(alarm.deadline());
                out.putLong(alarm.number());
            }
        });
    }

    void restore(StateReader in) {
        int names = in.getInt();
        if (names != entries.size()) {
            throw in.refused("has %d kinds of alarms, and this machine %d".formatted(names, entries.size()));
        }
        for (; names > 0; names--) {
            String name = in.getString();
            List<Entry> alarms = entries.getOrDefault(name, List.of());
            if (in.getInt() != alarms.size() || alarms.isEmpty()) {
                throw in.refused("has alarms called '%s' that this machine has not".formatted(name));
            }
            for (Entry alarm : alarms) {
                alarm.restore(in.getBoolean(), in.getLong(), in.getLong());
            }
        }
    }
}
