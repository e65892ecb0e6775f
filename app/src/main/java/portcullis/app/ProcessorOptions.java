package portcullis.app;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;

/** Turns what the user says of the processor into a set of features; names and syntax are QEMU's. */
final class ProcessorOptions {
    private ProcessorOptions() {}

    /**
     * Reads {@code +x2apic,-pcid,smep=off}: changes to all that the processor can do.
     *
     * @throws UserError for a name that does not exist, or a feature that is not there
     */
    static Set<Feature> features(String changes) {
        EnumSet<Feature> features = EnumSet.copyOf(CpuModel.available());
        if (changes.isBlank()) {
            return features;
        }
        for (String change : changes.split(",")) {
            String word = change.strip();
            boolean on = !word.startsWith("-") && !word.toLowerCase(Locale.ROOT).endsWith("=off");
            String name = word.replaceFirst("^[+-]", "").replaceFirst("(?i)=(on|off)$", "");
            Feature feature = Feature.named(name);
            if (feature == null) {
                throw new UserError("there is no processor feature '%s'; see --cpu-features help for all names%s"
                        .formatted(name, suggestion(name)));
            }
            if (!on) {
                features.remove(feature);
            } else if (!CpuModel.available().contains(feature)) {
                throw new UserError("the software processor has no '%s' yet; leave it out".formatted(name));
            } else {
                features.add(feature);
            }
        }
        return features;
    }

    private static String suggestion(String name) {
        return Arrays.stream(Feature.values())
                .map(feature -> feature.qemuName)
                .filter(known -> name.length() > 1 && (known.contains(name) || name.contains(known)))
                .findFirst()
                .map(known -> " (" + known + "?)")
                .orElse("");
    }

    /** All names, for {@code --cpu-features help}. */
    static String list() {
        Set<Feature> all = CpuModel.available();
        return "Processor features, all on unless switched off:\n  " + names(all) + "\n";
    }

    private static String names(Collection<Feature> features) {
        return features.stream().map(feature -> feature.qemuName).collect(Collectors.joining(" "));
    }
}
