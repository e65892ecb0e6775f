package portcullis.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.oracle.generate.SequenceGenerator;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.HostCpu;
import portcullis.oracle.sandbox.Layout;

class OracleTest {
    private static final int BATCHES = 12;

    @ParameterizedTest
    @CsvSource({"integer,1", "string,2", "stack,3", "flow,4", "x87,5", "state,6", "mmx,7", "sse,8", "avx,9", "crypto,10"
    })
    void shouldAgreeWithTheHostsProcessor(String family, long seed) {
        assumeTrue(HostCpu.supported(), "the host is no x86-64 Linux, so there is nothing to compare with");
        Set<String> families = Set.of(family);
        try (Duel duel = Duel.withSoftEngine(families)) {
            SequenceGenerator generator = new SequenceGenerator(duel.base(), duel.features(), families);
            long next = seed << 32;
            for (int batch = 0; batch < BATCHES; batch++) {
                List<TestCase> cases = new ArrayList<>();
                for (int slot = 0; slot < Layout.CASES; slot++) {
                    cases.add(generator.next(next++, slot));
                }
                List<Finding> findings = duel.run(cases);
                if (!findings.isEmpty()) {
                    Finding small = Minimiser.minimise(duel, findings.getFirst());
                    assertEquals("", Report.of(duel, small));
                }
            }
        }
    }
}
