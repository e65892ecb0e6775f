package portcullis.oracle.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsaReaderTest {
    private static final List<InstructionForm> FORMS = IsaReader.readAll();

    private static List<InstructionForm> named(String mnemonic) {
        return FORMS.stream().filter(form -> form.mnemonic().equals(mnemonic)).toList();
    }

    @ParameterizedTest
    @CsvSource({"add, 9", "adc, 9", "vpaddb, 2", "paddb, 2", "vaddps, 1", "vfmadd231p, 1", "vpsrlw, 4", "rol, 6"})
    void shouldMakeEveryFormOfAnInstruction(String mnemonic, int count) {
        assertEquals(count, named(mnemonic).size());
    }

    @Test
    void shouldInsertTheSecondSourceOfVexForms() {
        InstructionForm form = named("vaddps").getFirst();
        assertTrue(form.encoding().vex());
        assertEquals(
                List.of(Operand.Slot.REG, Operand.Slot.VVVV, Operand.Slot.RM),
                form.operands().stream().map(Operand::slot).toList());
        assertTrue(form.operands().get(0).written());
    }

    @Test
    void shouldDropTheMandatoryPrefixOfMmxForms() {
        InstructionForm form = named("paddb").stream()
                .filter(candidate -> candidate.family().equals("mmx"))
                .findFirst()
                .orElseThrow();
        assertEquals(0, form.encoding().prefix());
        assertEquals(Operand.RegisterFile.MMX, form.operands().get(0).file());
    }

    @Test
    void shouldReadFlags() {
        InstructionForm form = named("adc").getFirst();
        assertEquals(Flags.STATUS, form.flagsWritten());
        assertEquals(Flags.C, form.flagsRead());
    }

    @Test
    void shouldRefuseUnknownOperands() {
        assertThrows(IllegalArgumentException.class, () -> IsaReader.operand("Yz"));
    }
}
