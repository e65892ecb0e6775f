package portcullis.soft.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.soft.cpu.Cpu;

class CpuModelTest {
    private static CpuModel without(Feature... missing) {
        EnumSet<Feature> features = EnumSet.allOf(Feature.class);
        features.removeAll(Set.of(missing));
        return new CpuModel(CpuModel.Vendor.INTEL, features, 40, 1, 1_000_000_000L);
    }

    private static String names(Set<Feature> features) {
        return features.stream().map(feature -> feature.name()).sorted().collect(Collectors.joining(" "));
    }

    @Test
    void shouldOfferAllThatIsAvailable() {
        assertEquals(names(CpuModel.available()), names(offered(without())));
    }

    /** What a processor without the first says that it has not either. */
    @ParameterizedTest
    @CsvSource({
        "X2APIC, ''",
        "SMEP, ''",
        "AVX, AVX2 F16C FMA",
        "XSAVE, AVX AVX2 F16C FMA PKU",
        "SSSE3, AVX AVX2 F16C FMA SSE41 SSE42",
        "APIC, TSC_DEADLINE X2APIC",
        "TSC, RDTSCP TSC_ADJUST TSC_DEADLINE",
        "LM, CX16 FSGSBASE LA57 PCID PDPE1GB PKU"
    })
    void shouldNotOfferWhatNeedsAMissingFeature(Feature missing, String others) {
        EnumSet<Feature> gone = EnumSet.copyOf(CpuModel.available());
        gone.removeAll(offered(without(missing)));
        gone.remove(missing);
        assertEquals(others, names(gone));
    }

    private static Set<Feature> offered(CpuModel model) {
        return Arrays.stream(Feature.values()).filter(model::has).collect(Collectors.toSet());
    }

    @Test
    void shouldReserveControlBitsOfMissingFeatures() {
        assertEquals(0, without(Feature.MCE).cr4Allowed() & Cpu.CR4_MCE);
        assertEquals(0, without(Feature.FXSR).cr4Allowed() & (Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT | Cpu.CR4_OSXSAVE));
        assertFalse(without(Feature.PAE).has(Feature.NX));
    }

    @ParameterizedTest
    @CsvSource({"INTEL, 80000008", "AMD, 80000021"})
    void shouldTellAmdGuestsThatNothingSpeculates(CpuModel.Vendor vendor, String last) {
        CpuModel model = new CpuModel(vendor, CpuModel.available(), 40, 1, 1_000_000_000L);
        int[] registers = new int[4];
        model.cpuid(null, 0x80000000, 0, registers);
        assertEquals(last, Integer.toHexString(registers[0]));
        if (vendor == CpuModel.Vendor.AMD) {
            model.cpuid(null, 0x80000021, 0, registers);
            assertEquals("20000004", Integer.toHexString(registers[0]));
        }
    }

    @Test
    void shouldNameEveryFeatureOnce() {
        Set<String> names = Arrays.stream(Feature.values())
                .map(feature -> feature.qemuName.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
        assertEquals(Feature.values().length, names.size());
        for (Feature feature : Feature.values()) {
            assertEquals(feature, Feature.named(feature.qemuName));
        }
    }
}
