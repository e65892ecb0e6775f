package portcullis.machine.acpi;

import static portcullis.machine.acpi.Aml.and;
import static portcullis.machine.acpi.Aml.arg;
import static portcullis.machine.acpi.Aml.concat;
import static portcullis.machine.acpi.Aml.createDWordField;
import static portcullis.machine.acpi.Aml.device;
import static portcullis.machine.acpi.Aml.eisaId;
import static portcullis.machine.acpi.Aml.equal;
import static portcullis.machine.acpi.Aml.giveBack;
import static portcullis.machine.acpi.Aml.integer;
import static portcullis.machine.acpi.Aml.method;
import static portcullis.machine.acpi.Aml.name;
import static portcullis.machine.acpi.Aml.notEqual;
import static portcullis.machine.acpi.Aml.or;
import static portcullis.machine.acpi.Aml.otherwise;
import static portcullis.machine.acpi.Aml.path;
import static portcullis.machine.acpi.Aml.pkg;
import static portcullis.machine.acpi.Aml.scope;
import static portcullis.machine.acpi.Aml.serializedMethod;
import static portcullis.machine.acpi.Aml.store;
import static portcullis.machine.acpi.Aml.string;
import static portcullis.machine.acpi.Aml.uuid;
import static portcullis.machine.acpi.Aml.when;

import java.util.function.IntBinaryOperator;
import portcullis.machine.MemoryMap;
import portcullis.machine.pci.PciHost;
import portcullis.machine.pci.PciInterrupts;

/** The differentiated system description: the devices that no bus enumerates, and where PCI's interrupts go. */
final class Dsdt {
    /** PCI Firmware Specification 3.3, 4.5.1: the host bridge's {@code _OSC}. */
    private static final String PCI_HOST_BRIDGE_OSC = "33DB4D5B-1FF7-401C-9657-7441C03DD766";

    /** Hot plug, SHPC, PME, AER, PCIe capability: all for the operating system, as no firmware stays behind. */
    private static final int OSC_CONTROLS = 0x1F;

    private static final int OSC_UNRECOGNIZED_UUID = 1 << 2;
    private static final int OSC_CAPABILITIES_MASKED = 1 << 4;

    private Dsdt() {}

    /** The table's body, behind its header. */
    static byte[] aml(AcpiConfig config) {
        return concat(
                // Soft off; the sleep type is what PmDevice takes for it (ACPI 6.5, 7.3.4).
                name(
                        "\\_S5",
                        pkg(integer(PmDevice.SLEEP_TYPE_S5), integer(PmDevice.SLEEP_TYPE_S5), integer(0), integer(0))),
                name("\\PICF", integer(0)),
                method("\\_PIC", 1, store(arg(0), path("PICF"))),
                scope("\\_SB", processors(config), hostBridge(config)));
    }

    private static byte[] processors(AcpiConfig config) {
        byte[] result = {};
        for (int i = 0; i < config.apicIds().size(); i++) {
            result = concat(
                    result, device("C%03X".formatted(i), name("_HID", string("ACPI0007")), name("_UID", integer(i))));
        }
        return result;
    }

    private static byte[] hostBridge(AcpiConfig config) {
        MemoryMap.Range window64 = MemoryMap.pci64Window(config.ramBytes());
        byte[] resources = new ResourceTemplate()
                .busNumbers(0, 255)
                .ports(0xCF8, 8)
                .portWindow(0, 0xCF7)
                .portWindow(0xD00, 0xFFFF)
                .memoryWindow32(MemoryMap.PCI32_WINDOW, MemoryMap.PCI32_WINDOW + MemoryMap.PCI32_WINDOW_SIZE - 1)
                .memoryWindow64(window64.gpa(), window64.end() - 1)
                .toAml();
        return device(
                "PCI0",
                name("_HID", eisaId("PNP0A08")),
                name("_CID", eisaId("PNP0A03")),
                name("_UID", integer(0)),
                name("_SEG", integer(0)),
                name("_BBN", integer(0)),
                name("_CRS", resources),
                name("PRTA", routes(PciInterrupts::gsi)),
                name("PRTP", routes(PciInterrupts::picIrq)),
                method(
                        "_PRT",
                        0,
                        when(equal(path("PICF"), integer(1)), giveBack(path("PRTA"))),
                        giveBack(path("PRTP"))),
                hostBridgeControl(),
                legacyDevices());
    }

    /** 6.2.13: all functions of a slot share its four pins; source 0 means that the index is a global system interrupt. */
    private static byte[] routes(IntBinaryOperator interrupt) {
        byte[][] entries = new byte[(PciHost.SLOTS - 1) * 4][];
        for (int slot = 1; slot < PciHost.SLOTS; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                entries[(slot - 1) * 4 + pin] = pkg(
                        integer((long) slot << 16 | 0xFFFF),
                        integer(pin),
                        integer(0),
                        integer(interrupt.applyAsInt(slot, pin)));
            }
        }
        return pkg(entries);
    }

    private static byte[] hostBridgeControl() {
        byte[] status = path("CDW1");
        byte[] control = path("CDW3");
        return serializedMethod(
                "_OSC",
                4,
                createDWordField(arg(3), 0, "CDW1"),
                when(
                        equal(arg(0), uuid(PCI_HOST_BRIDGE_OSC)),
                        createDWordField(arg(3), 8, "CDW3"),
                        when(
                                notEqual(and(control, integer(OSC_CONTROLS), integer(0)), control),
                                or(status, integer(OSC_CAPABILITIES_MASKED), status)),
                        and(control, integer(OSC_CONTROLS), control)),
                otherwise(or(status, integer(OSC_UNRECOGNIZED_UUID), status)),
                giveBack(arg(3)));
    }

    private static byte[] legacyDevices() {
        return concat(
                legacy(
                        "PIC",
                        "PNP0000",
                        new ResourceTemplate()
                                .ports(0x20, 2)
                                .ports(0xA0, 2)
                                .ports(0x4D0, 2)
                                .irq(2)),
                legacy("PIT", "PNP0100", new ResourceTemplate().ports(0x40, 4).irq(0)),
                legacy("RTC", "PNP0B00", new ResourceTemplate().ports(0x70, 2).irq(8)),
                device(
                        "COM1",
                        name("_HID", eisaId("PNP0501")),
                        name("_UID", integer(1)),
                        name(
                                "_CRS",
                                new ResourceTemplate().ports(0x3F8, 8).irq(4).toAml())),
                // What the operating system must not hand to anybody: ECAM, and the registers of this file's own
                // hardware.
                legacy(
                        "MBRD",
                        "PNP0C02",
                        new ResourceTemplate()
                                .ports(PmDevice.EVENT_BLOCK, 4)
                                .ports(PmDevice.CONTROL_BLOCK, 2)
                                .ports(PmDevice.TIMER, 4)
                                .fixedMemory(MemoryMap.ECAM, MemoryMap.ECAM_SIZE)));
    }

    private static byte[] legacy(String segment, String id, ResourceTemplate resources) {
        return device(segment, name("_HID", eisaId(id)), name("_CRS", resources.toAml()));
    }
}
