package portcullis.app;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import portcullis.hypervisor.trace.TraceEvent.Kind;

/**
 * Which events somebody wants.
 *
 * @param minimumExit exits that took less, in nanoseconds, are left out
 */
record EventChoice(Set<Kind> kinds, long minimumExit) {
    /** Exits outnumber everything else: by the hundred thousand a second where a guest writes to its console. */
    static final String DEFAULT = "all,exit=10us";

    private static final Pattern LEAST = Pattern.compile("exit=(\\d{1,9})(ns|us|ms)");

    /** @throws UserError for events that there are none of */
    static EventChoice parse(String list) {
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        long minimumExit = 0;
        for (String word : list.strip().split(",")) {
            Matcher least = LEAST.matcher(word);
            if (word.equals("all")) {
                kinds.addAll(EnumSet.allOf(Kind.class));
            } else if (least.matches()) {
                kinds.add(Kind.EXIT);
                minimumExit = Long.parseLong(least.group(1)) * unit(least.group(2));
            } else {
                kinds.add(kind(word));
            }
        }
        return new EventChoice(kinds, minimumExit);
    }

    private static long unit(String name) {
        return switch (name) {
            case "us" -> 1000;
            case "ms" -> 1_000_000;
            default -> 1;
        };
    }

    private static Kind kind(String word) {
        for (Kind kind : Kind.values()) {
            if (name(kind).equals(word)) {
                return kind;
            }
        }
        throw new UserError("'%s' is no event; there are all, %s".formatted(word, String.join(", ", names())));
    }

    private static List<String> names() {
        return Stream.of(Kind.values()).map(EventChoice::name).toList();
    }

    private static String name(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
