package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;

class ProcessorOptionsTest {
    @Test
    void shouldOfferAllThatIsThere() {
        assertEquals(CpuModel.available(), ProcessorOptions.features(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-x2apic", "x2apic=off", "+x2apic,-x2apic", "-X2APIC", "-smep, -x2apic"})
    void shouldSwitchOff(String changes) {
        Set<Feature> features = ProcessorOptions.features(changes);
        assertFalse(features.contains(Feature.X2APIC));
        assertTrue(features.contains(Feature.PAE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"+x2apic", "x2apic", "x2apic=on", "-x2apic,+x2apic"})
    void shouldSwitchOn(String changes) {
        assertTrue(ProcessorOptions.features(changes).contains(Feature.X2APIC));
    }
}
