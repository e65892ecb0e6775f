package portcullis.oracle.generate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.isa.IsaReader;
import portcullis.oracle.sandbox.Layout;

/** Makes test cases from seeds. The same seed, sandbox address, families and features make the same case. */
public final class SequenceGenerator {
    /** The family of jumps, calls and loops, which no table describes. */
    public static final String FLOW = "flow";

    private static final int MAX_ITEMS = 12;
    private static final int RARE = 4;
    /** Reserved registers may rule out whole families; then a case stays short. */
    private static final int MAX_DRAWS = 400;

    private static final int MAX_STACK = 256;

    private final Map<String, List<InstructionForm>> families = new LinkedHashMap<>();
    private final List<String> names;
    private final long base;

    /**
     * @param base virtual address of the sandbox
     * @param features what every processor compared offers
     * @param wanted families to draw from; empty for all
     */
    public SequenceGenerator(long base, Set<String> features, Set<String> wanted) {
        this(base, features, wanted, IsaReader.readAll());
    }

    /** With the forms given instead of those of the tables. */
    public SequenceGenerator(long base, Set<String> features, Set<String> wanted, List<InstructionForm> forms) {
        this.base = base;
        for (InstructionForm form : forms) {
            if (features.containsAll(form.features()) && (wanted.isEmpty() || wanted.contains(form.family()))) {
                families.computeIfAbsent(form.family(), name -> new ArrayList<>())
                        .add(form);
            }
        }
        if (wanted.isEmpty() || wanted.contains(FLOW)) {
            families.put(FLOW, List.of());
        }
        names = List.copyOf(families.keySet());
        if (names.isEmpty()) {
            throw new IllegalArgumentException("no such families: " + wanted);
        }
    }

    /** The forms that cases are made of, by family. */
    public Map<String, List<InstructionForm>> families() {
        return families;
    }

    /** The case of a seed, with its operands in the memory of a slot. */
    public TestCase next(long seed, int slot) {
        SplittableRandom random = new SplittableRandom(seed);
        StateGenerator states = new StateGenerator(random);
        InputState input = states.next();
        Addressing addressing = new Addressing(random, base + Layout.data(slot) + Layout.SCRATCH, input);
        return new TestCase(
                seed, slot, addressing.reserved(), new Drawing(random, addressing, states).sequence(), input);
    }

    /** The drawing of one sequence. */
    private final class Drawing {
        private final SplittableRandom random;
        private final InstructionEncoder encoder;
        private final FlowItems flow;
        private final List<Item> items = new ArrayList<>();
        private final FlagTracker flags = new FlagTracker(MAX_ITEMS);
        private int stack;
        private int jumpedOverUntil;

        Drawing(SplittableRandom random, Addressing addressing, StateGenerator states) {
            this.random = random;
            encoder = new InstructionEncoder(random, addressing, states);
            flow = new FlowItems(random, addressing);
        }

        List<Item> sequence() {
            int length = random.nextInt(4) == 0 ? random.nextInt(1, 4) : random.nextInt(4, MAX_ITEMS + 1);
            // Most cases keep to one family or two, so that results feed results.
            String first = names.get(random.nextInt(names.size()));
            String second = names.get(random.nextInt(names.size()));
            for (int draws = 0; items.size() < length && draws < MAX_DRAWS; draws++) {
                String family = switch (random.nextInt(8)) {
                    case 0 -> names.get(random.nextInt(names.size()));
                    case 1, 2, 3 -> second;
                    default -> first;
                };
                Item item = draw(family, length);
                if (item != null && fits(item, length)) {
                    append(item);
                }
            }
            return items;
        }

        private Item draw(String family, int length) {
            if (family.equals(FLOW)) {
                return flow.next(length - items.size() - 1);
            }
            List<InstructionForm> forms = families.get(family);
            InstructionForm form = forms.get(random.nextInt(forms.size()));
            if (form.has("rare") && random.nextInt(RARE) != 0) {
                return null;
            }
            return encoder.encode(form);
        }

        private boolean fits(Item item, int length) {
            if (!flags.allows(item.effect())) {
                return false;
            }
            if (item.approximation() != Item.Approximation.NONE && items.size() != length - 1) {
                return false; // nothing may depend on an approximate result
            }
            if (item.stackBytes() != 0) {
                int after = stack + item.stackBytes();
                return items.size() >= jumpedOverUntil && after >= 0 && after <= MAX_STACK;
            }
            return true;
        }

        private void append(Item item) {
            for (Item.Fixup fixup : item.fixups()) {
                if (fixup.target() == -1) {
                    jumpedOverUntil = Math.max(jumpedOverUntil, items.size() + 1 + fixup.skip());
                }
            }
            stack += item.stackBytes();
            items.add(item);
            flags.append(item);
        }
    }
}
