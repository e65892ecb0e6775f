package portcullis.machine.config;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;

/**
 * A {@link HypervConfig} as users spell it: {@code off}, or {@code on}, {@code identity} or {@code vsm[=N]} and changes behind it, as in
 * {@code on,-stimer}. Names are those of {@link Enlightenment#spelling}, with or without QEMU's hv-.
 */
public final class HypervSpelling {
    private static final int DEFAULT_TRUST_LEVELS = 1;
    private static final String UPWARDS = "interrupt-higher-vtl";

    private HypervSpelling() {}

    /** @throws IllegalArgumentException for what does not exist or cannot be combined; the message says what to write */
    public static HypervConfig parse(String text) {
        String[] words = text.strip().split("\\s*,\\s*");
        Set<Enlightenment> set = EnumSet.noneOf(Enlightenment.class);
        int levels = 0;
        switch (words[0].startsWith("vsm=") ? "vsm" : words[0]) {
            case "off" -> {
                if (words.length > 1) {
                    throw new IllegalArgumentException("off takes nothing behind it; say on," + words[1]);
                }
                return HypervConfig.OFF;
            }
            case "on" -> set.addAll(HypervConfig.usual());
            case "identity" -> {
                // The signature alone.
            }
            case "vsm" -> {
                set.addAll(HypervConfig.usual());
                levels = levels(words[0]);
            }
            default -> throw new IllegalArgumentException("'%s': say on, off, identity or vsm".formatted(words[0]));
        }
        boolean upwards = false;
        for (int i = 1; i < words.length; i++) {
            if (words[i].startsWith(UPWARDS)) {
                upwards = upwards(words[i], levels);
            } else if (words[i].contains("=") && !words[i].matches(".*=(on|off)")) {
                throw new IllegalArgumentException(
                        "'%s': say NAME=on or NAME=off; beside enlightenments there is %s for vsm"
                                .formatted(words[i], UPWARDS));
            } else {
                change(set, words[i]);
            }
        }
        try {
            return new HypervConfig(true, set, levels, upwards);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException("%s: %s".formatted(text, refused.getMessage()));
        }
    }

    /** What {@link #parse} makes {@code config} of. */
    public static String spell(HypervConfig config) {
        if (!config.offered()) {
            return "off";
        }
        StringBuilder text = new StringBuilder(config.trustLevels() == 0 ? "on" : "vsm=" + config.trustLevels());
        for (Enlightenment one : HypervConfig.available()) {
            boolean usual = HypervConfig.usual().contains(one);
            if (usual != config.has(one)) {
                text.append(usual ? ",-" : ",").append(one.spelling());
            }
        }
        return text.append(config.interruptsUpwards() ? "," + UPWARDS + "=on" : "")
                .toString();
    }

    private static boolean upwards(String word, int levels) {
        String value = word.substring(UPWARDS.length());
        if (levels == 0) {
            throw new IllegalArgumentException("%s: there are no levels to interrupt without vsm".formatted(word));
        }
        if (!value.equals("=on") && !value.equals("=off")) {
            throw new IllegalArgumentException("%s: say %s=on or %s=off".formatted(word, UPWARDS, UPWARDS));
        }
        return value.equals("=on");
    }

    private static int levels(String word) {
        if (word.equals("vsm")) {
            return DEFAULT_TRUST_LEVELS;
        }
        String number = word.substring("vsm=".length());
        if (!number.equals("1") && !number.equals("2")) {
            throw new IllegalArgumentException("%s: the highest trust level is 1 or 2".formatted(word));
        }
        return Integer.parseInt(number);
    }

    private static void change(Set<Enlightenment> set, String word) {
        boolean on = !word.startsWith("-") && !word.endsWith("=off");
        String name =
                word.replaceFirst("^[+-]", "").replaceFirst("=(on|off)$", "").replaceFirst("^hv[-_]", "");
        Enlightenment one = Arrays.stream(Enlightenment.values())
                .filter(known -> known.spelling().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("there is no enlightenment '%s'; there are: %s; for vsm also %s"
                                .formatted(
                                        name,
                                        HypervConfig.available().stream()
                                                .map(Enlightenment::spelling)
                                                .collect(Collectors.joining(" ")),
                                        UPWARDS)));
        if (!on && one == Enlightenment.VP_INDEX) {
            throw new IllegalArgumentException(
                    "vpindex belongs to the interface's signature; leave '%s' out".formatted(word));
        }
        if (!on) {
            set.remove(one);
        } else if (HypervConfig.available().contains(one)) {
            set.add(one);
        } else {
            throw new IllegalArgumentException("'%s' is not offered yet; leave it out".formatted(name));
        }
    }
}
