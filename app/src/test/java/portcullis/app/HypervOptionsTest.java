package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;

class HypervOptionsTest {
    @Test
    void shouldOfferNothingWhenOff() {
        assertEquals(HypervConfig.OFF, HypervOptions.parse("off"));
    }

    @Test
    void shouldOfferAllThatIsUsual() {
        assertEquals(HypervConfig.ON, HypervOptions.parse("on"));
    }

    @Test
    void shouldSwitchSinglePartsOff() {
        HypervConfig config = HypervOptions.parse("on,-stimer-direct,hv-tlbflush-ext=off");
        assertFalse(config.has(Enlightenment.STIMER_DIRECT));
        assertFalse(config.has(Enlightenment.TLB_FLUSH_EXTENDED));
        assertTrue(config.has(Enlightenment.STIMER));
    }

    @Test
    void shouldOfferTheSignatureAlone() {
        HypervConfig config = HypervOptions.parse("identity");
        assertTrue(config.offered());
        assertEquals(Set.of(Enlightenment.VP_INDEX), config.enlightenments());
    }

    @Test
    void shouldOfferTrustLevels() {
        assertEquals(1, HypervOptions.parse("vsm").trustLevels());
        assertEquals(2, HypervOptions.parse("vsm=2").trustLevels());
        assertFalse(HypervOptions.parse("vsm").interruptsUpwards());
        assertTrue(HypervOptions.parse("vsm,interrupt-higher-vtl=on").interruptsUpwards());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"off", "on", "identity", "identity,+time,+syndbg", "on,-stimer,-stimer-direct,-time", "vsm=2"})
    void shouldSpellWhatItReads(String text) {
        HypervConfig config = HypervOptions.parse(text);
        assertEquals(config, HypervOptions.parse(HypervOptions.spell(config)));
        assertEquals(config, config.offered() ? HypervConfig.described(config.description()) : HypervConfig.OFF);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "maybe | say on, off, identity or vsm",
                "vsm=3 | the highest trust level is 1 or 2",
                "off,-time | takes nothing behind it",
                "on,-wings | there is no enlightenment 'wings'",
                "on,-synic | stimer needs synic",
                "on,-time | stimer needs time",
                "on,-vpindex | vpindex belongs to the interface's signature",
                "vsm,-vp-registers | trust levels need synic and vp-registers",
                "on,interrupt-higher-vtl=on | there are no levels",
                "vsm,interrupt-higher-vtl=perhaps | say interrupt-higher-vtl=on",
                "vsm,interrupt-higher-vtl | say interrupt-higher-vtl=on",
                "vsm= | the highest trust level is 1 or 2",
                "vsm=0 | the highest trust level is 1 or 2",
                "on=2 | say on, off, identity or vsm",
                "off=no | say on, off, identity or vsm",
                "identity=Hv#1 | say on, off, identity or vsm",
                "vsm,tlb-lock=7 | beside enlightenments there is interrupt-higher-vtl",
                "vsm,wings=on | for vsm also interrupt-higher-vtl",
            })
    void shouldSayWhatIsWrong(String text, String complaint) {
        UserError error = assertThrows(UserError.class, () -> HypervOptions.parse(text));
        assertTrue(error.getMessage().contains(complaint), error.getMessage());
    }
}
