package portcullis.machine.acpi;

import java.nio.ByteBuffer;
import portcullis.machine.pci.ResetControl;

/** Fixed ACPI description table (ACPI 6.5, 5.2.9): where {@link PmDevice} is, how to reset, and what a PC's legacy has left. */
final class Fadt {
    private static final int HEADER_SIZE = 36;
    private static final int SIZE = 276;

    private static final byte PROFILE_UNSPECIFIED = 0;
    private static final short NO_C2_C3 = (short) 0xFFF;
    private static final byte CENTURY_IN_CMOS = 0x32;
    private static final byte MINOR_VERSION = 5;

    private static final int LEGACY_DEVICES = 1 << 0;
    private static final int KEYBOARD_CONTROLLER = 1 << 1;
    private static final int NO_VGA = 1 << 2;

    private static final int WBINVD = 1 << 0;
    private static final int C1_ON_ALL = 1 << 2;
    private static final int NO_FIXED_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_RTC_WAKE = 1 << 6;
    private static final int TIMER_IS_32_BITS = 1 << 8;
    private static final int RESET_REGISTER = 1 << 10;

    private Fadt() {}

    /** The table behind its header; absolute offsets as in the specification's table 5.9. */
    static byte[] body(long facs, long dsdt, AcpiConfig config) {
        ByteBuffer out = AcpiTables.little(SIZE);
        out.putInt(36, (int) facs);
        out.putInt(40, (int) dsdt);
        out.put(45, PROFILE_UNSPECIFIED);
        out.putShort(46, (short) AcpiTables.SCI_IRQ);
        // SMI_CMD (48) stays 0: there is no legacy mode to leave, SCI_EN is set from the start.
        out.putInt(56, PmDevice.EVENT_BLOCK);
        out.putInt(64, PmDevice.CONTROL_BLOCK);
        out.putInt(76, PmDevice.TIMER);
        out.put(88, (byte) 4);
        out.put(89, (byte) 2);
        out.put(91, (byte) 4);
        out.putShort(96, NO_C2_C3);
        out.putShort(98, NO_C2_C3);
        out.put(108, CENTURY_IN_CMOS);
        int boot = LEGACY_DEVICES | NO_VGA | (config.keyboardController() ? KEYBOARD_CONTROLLER : 0);
        out.putShort(109, (short) boot);
        out.putInt(
                112,
                WBINVD | C1_ON_ALL | NO_FIXED_SLEEP_BUTTON | NO_FIXED_RTC_WAKE | TIMER_IS_32_BITS | RESET_REGISTER);
        portRegister(out, 116, ResetControl.PORT, 8, 1);
        out.put(128, (byte) ResetControl.HARD_RESET);
        out.put(131, MINOR_VERSION);
        // X_FIRMWARE_CTRL (132) stays 0: only one of the two pointers may be set, and the FACS is below 4 GiB.
        out.putLong(140, dsdt);
        portRegister(out, 148, PmDevice.EVENT_BLOCK, 32, 2);
        portRegister(out, 172, PmDevice.CONTROL_BLOCK, 16, 2);
        portRegister(out, 208, PmDevice.TIMER, 32, 3);
        byte[] body = new byte[SIZE - HEADER_SIZE];
        out.get(HEADER_SIZE, body);
        return body;
    }

    /** Generic address structure (5.2.3.2) for a register in port space. @param access 1 byte, 2 word, 3 double word */
    private static void portRegister(ByteBuffer out, int offset, int port, int bits, int access) {
        out.put(offset, (byte) 1).put(offset + 1, (byte) bits).put(offset + 2, (byte) 0);
        out.put(offset + 3, (byte) access).putLong(offset + 4, port);
    }
}
