package portcullis.oracle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import portcullis.oracle.isa.IsaReader;

class SequenceGeneratorTest {
    private static final long BASE = 0x2000_0000L;
    private static final Set<String> FEATURES = Set.of("sse", "sse2", "fxsr", "avx", "avx2");

    private final SequenceGenerator generator = new SequenceGenerator(BASE, FEATURES, Set.of());
    private final SequenceGenerator prefixed = new SequenceGenerator(
            BASE,
            FEATURES,
            Set.of("integer"),
            IsaReader.readAll().stream()
                    .filter(form ->
                            form.mnemonic().equals("xor") && form.toString().endsWith("81 /6"))
                    .toList());

    @Test
    void shouldMakeTheSameCaseFromTheSameSeed() {
        TestCase first = generator.next(42, 7);
        TestCase second = new SequenceGenerator(BASE, FEATURES, Set.of()).next(42, 7);
        assertArrayEquals(first.assemble(BASE + 0x10000, BASE), second.assemble(BASE + 0x10000, BASE));
        assertArrayEquals(first.input().gpr, second.input().gpr);
        assertArrayEquals(first.input().scratch, second.input().scratch);
    }

    @Test
    void shouldNeverReadAnUndefinedFlagNorPopWhatWasNotPushed() {
        for (int seed = 0; seed < 2000; seed++) {
            TestCase test = generator.next(seed, 0);
            assertTrue(test.undefinedFlags() >= 0);
            int stack = 0;
            for (Item item : test.items()) {
                stack += item.stackBytes();
                assertTrue(stack >= 0);
            }
        }
    }

    @Test
    void shouldMakeNoInstructionLongerThanFifteenBytes() {
        // With the most prefixes, the longest operands and every instruction alone in its item.
        for (int seed = 0; seed < 20_000; seed++) {
            for (Item item : prefixed.next(seed, 0).items()) {
                assertTrue(
                        item.instructions() > 1 || item.code().length <= 15,
                        item.form().toString());
            }
        }
    }

    @Test
    void shouldUseNoFeatureThatIsNotThere() {
        SequenceGenerator plain = new SequenceGenerator(BASE, Set.of(), Set.of());
        plain.families().values().forEach(forms -> forms.forEach(form -> assertEquals(Set.of(), form.features())));
    }

    @Test
    void shouldRefuseFamiliesThatNobodyKnows() {
        assertThrows(IllegalArgumentException.class, () -> new SequenceGenerator(BASE, FEATURES, Set.of("3dnow")));
    }

    @Test
    void shouldLeadJumpsToTheSamePlaceWhenItemsBetweenAreRemoved() {
        Item.Fixup fixup = new Item.Fixup(1, 5, -1, 2);
        Item jump = new Item(
                new byte[] {(byte) 0xe9, 0, 0, 0, 0},
                List.of(fixup),
                1,
                null,
                FlagEffect.NONE,
                0,
                Item.Approximation.NONE);
        Item nop = new Item(new byte[] {(byte) 0x90}, List.of(), 1, null, FlagEffect.NONE, 0, Item.Approximation.NONE);
        TestCase test = new TestCase(0, 0, 0, List.of(jump, nop, nop, nop), new InputState());
        assertEquals(2, test.assemble(0x1000, 0)[1]);
        assertEquals(1, test.without(2).assemble(0x1000, 0)[1]);
        assertEquals(2, test.without(3).assemble(0x1000, 0)[1]);
    }
}
