package portcullis.tlfs.nested;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import portcullis.tlfs.layout.Layout;

/**
 * Which VMCS encoding each field of {@link EnlightenedVmcs} stands for, and which clean field covers it.
 *
 * <p>Source: TLFS hv_vmx_enlightened_vmcs.md, "Physical VMCS Encoding"; HostRip and HostSysenterCsMsr, of which the
 * table made one, from v6.0b, 16.11.4.
 */
public final class EnlightenedVmcsFields {
    /**
     * A field that has a VMCS encoding.
     *
     * @param encoding as VMREAD and VMWRITE take it
     * @param field its name, offset and size in the enlightened VMCS
     * @param cleanField the bit of CleanFields that covers it; 0 where none does
     * @param readOnly whether the processor alone writes it
     */
    public record Entry(int encoding, Layout.Field field, int cleanField, boolean readOnly) {}

    private static final Map<Integer, Entry> BY_ENCODING = Collections.unmodifiableMap(table());

    private EnlightenedVmcsFields() {}

    /** The field with this encoding, or null where the enlightened VMCS has none. */
    public static Entry of(int encoding) {
        return BY_ENCODING.get(encoding);
    }

    /** All fields, by ascending encoding. */
    public static List<Entry> all() {
        return new ArrayList<>(BY_ENCODING.values());
    }

    private static Map<Integer, Entry> table() {
        Map<Integer, Entry> table = new TreeMap<>();
        addNone(table);
        addIoBitmap(table);
        addMsrBitmap(table);
        addControlGrp2(table);
        addControlGrp1(table);
        addControlProc(table);
        addControlEvent(table);
        addControlEntry(table);
        addControlExcpn(table);
        addCrdr(table);
        addControlXlat(table);
        addGuestBasic(table);
        addGuestGrp1(table);
        addGuestGrp2(table);
        addHostPointer(table);
        addHostGrp1(table);
        addReadOnly(table);
        return table;
    }

    private static void addNone(Map<Integer, Entry> table) {
        add(table, 0x681E, "GuestRip", 0, false);
        add(table, 0x401C, "TprThreshold", 0, false);
    }

    private static void addIoBitmap(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_IO_BITMAP;
        add(table, 0x2000, "IoBitmapA", clean, false);
        add(table, 0x2002, "IoBitmapB", clean, false);
    }

    private static void addMsrBitmap(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_MSR_BITMAP;
        add(table, 0x2004, "MsrBitmap", clean, false);
    }

    private static void addControlGrp2(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_GRP2;
        add(table, 0x2010, "TscOffset", clean, false);
        add(table, 0x2012, "VirtualApicPage", clean, false);
        add(table, 0x202C, "XssExitingBitmap", clean, false);
        add(table, 0x202E, "EnclsExitingBitmap", clean, false);
        add(table, 0x2032, "TscMultiplier", clean, false);
    }

    private static void addControlGrp1(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_GRP1;
        add(table, 0x4000, "PinControls", clean, false);
        add(table, 0x400C, "ExitControls", clean, false);
        add(table, 0x401E, "SecondaryProcessorControls", clean, false);
        add(table, 0x2034, "TertiaryProcessorControls", clean, false);
    }

    private static void addControlProc(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_PROC;
        add(table, 0x4002, "ProcessorControls", clean, false);
    }

    private static void addControlEvent(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_EVENT;
        add(table, 0x4016, "EntryInterruptInfo", clean, false);
        add(table, 0x4018, "EntryExceptionErrorCode", clean, false);
        add(table, 0x401A, "EntryInstructionLength", clean, false);
    }

    private static void addControlEntry(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_ENTRY;
        add(table, 0x4012, "EntryControls", clean, false);
    }

    private static void addControlExcpn(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_EXCPN;
        add(table, 0x4004, "ExceptionBitmap", clean, false);
    }

    private static void addCrdr(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CRDR;
        add(table, 0x6000, "Cr0GuestHostMask", clean, false);
        add(table, 0x6002, "Cr4GuestHostMask", clean, false);
        add(table, 0x6004, "Cr0ReadShadow", clean, false);
        add(table, 0x6006, "Cr4ReadShadow", clean, false);
        add(table, 0x6800, "GuestCr0", clean, false);
        add(table, 0x6802, "GuestCr3", clean, false);
        add(table, 0x6804, "GuestCr4", clean, false);
        add(table, 0x681A, "GuestDr7", clean, false);
    }

    private static void addControlXlat(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_CONTROL_XLAT;
        add(table, 0x0000, "Vpid", clean, false);
        add(table, 0x201A, "EptRoot", clean, false);
    }

    private static void addGuestBasic(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_GUEST_BASIC;
        add(table, 0x681C, "GuestRsp", clean, false);
        add(table, 0x6820, "GuestRflags", clean, false);
        add(table, 0x4824, "GuestInterruptibility", clean, false);
        add(table, 0x682A, "GuestSsp", clean, false);
    }

    private static void addGuestGrp1(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_GUEST_GRP1;
        add(table, 0x2800, "GuestWorkingVmcsPtr", clean, false);
        add(table, 0x2802, "GuestIa32DebugCtl", clean, false);
        add(table, 0x2804, "GuestPat", clean, false);
        add(table, 0x2806, "GuestEfer", clean, false);
        add(table, 0x280A, "GuestPdpte0", clean, false);
        add(table, 0x280C, "GuestPdpte1", clean, false);
        add(table, 0x280E, "GuestPdpte2", clean, false);
        add(table, 0x2810, "GuestPdpte3", clean, false);
        add(table, 0x6822, "GuestPendingDebugExceptions", clean, false);
        add(table, 0x6824, "GuestSysenterEspMsr", clean, false);
        add(table, 0x6826, "GuestSysenterEipMsr", clean, false);
        add(table, 0x4826, "GuestSleepState", clean, false);
        add(table, 0x482A, "GuestSysenterCsMsr", clean, false);
        add(table, 0x2812, "GuestBndcfgs", clean, false);
        add(table, 0x2808, "GuestPerfGlobalCtrl", clean, false);
        add(table, 0x6828, "GuestSCet", clean, false);
        add(table, 0x682C, "GuestInterruptSspTableAddr", clean, false);
        add(table, 0x2816, "GuestLbrCtl", clean, false);
    }

    private static void addGuestGrp2(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_GUEST_GRP2;
        add(table, 0x0800, "GuestEsSelector", clean, false);
        add(table, 0x0802, "GuestCsSelector", clean, false);
        add(table, 0x0804, "GuestSsSelector", clean, false);
        add(table, 0x0806, "GuestDsSelector", clean, false);
        add(table, 0x0808, "GuestFsSelector", clean, false);
        add(table, 0x080A, "GuestGsSelector", clean, false);
        add(table, 0x080C, "GuestLdtrSelector", clean, false);
        add(table, 0x080E, "GuestTrSelector", clean, false);
        add(table, 0x4800, "GuestEsLimit", clean, false);
        add(table, 0x4802, "GuestCsLimit", clean, false);
        add(table, 0x4804, "GuestSsLimit", clean, false);
        add(table, 0x4806, "GuestDsLimit", clean, false);
        add(table, 0x4808, "GuestFsLimit", clean, false);
        add(table, 0x480A, "GuestGsLimit", clean, false);
        add(table, 0x480C, "GuestLdtrLimit", clean, false);
        add(table, 0x480E, "GuestTrLimit", clean, false);
        add(table, 0x4810, "GuestGdtrLimit", clean, false);
        add(table, 0x4812, "GuestIdtrLimit", clean, false);
        add(table, 0x4814, "GuestEsAttributes", clean, false);
        add(table, 0x4816, "GuestCsAttributes", clean, false);
        add(table, 0x4818, "GuestSsAttributes", clean, false);
        add(table, 0x481A, "GuestDsAttributes", clean, false);
        add(table, 0x481C, "GuestFsAttributes", clean, false);
        add(table, 0x481E, "GuestGsAttributes", clean, false);
        add(table, 0x4820, "GuestLdtrAttributes", clean, false);
        add(table, 0x4822, "GuestTrAttributes", clean, false);
        add(table, 0x6806, "GuestEsBase", clean, false);
        add(table, 0x6808, "GuestCsBase", clean, false);
        add(table, 0x680A, "GuestSsBase", clean, false);
        add(table, 0x680C, "GuestDsBase", clean, false);
        add(table, 0x680E, "GuestFsBase", clean, false);
        add(table, 0x6810, "GuestGsBase", clean, false);
        add(table, 0x6812, "GuestLdtrBase", clean, false);
        add(table, 0x6814, "GuestTrBase", clean, false);
        add(table, 0x6816, "GuestGdtrBase", clean, false);
        add(table, 0x6818, "GuestIdtrBase", clean, false);
    }

    private static void addHostPointer(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_HOST_POINTER;
        add(table, 0x6C06, "HostFsBase", clean, false);
        add(table, 0x6C08, "HostGsBase", clean, false);
        add(table, 0x6C0A, "HostTrBase", clean, false);
        add(table, 0x6C0C, "HostGdtrBase", clean, false);
        add(table, 0x6C0E, "HostIdtrBase", clean, false);
        add(table, 0x6C14, "HostRsp", clean, false);
    }

    private static void addHostGrp1(Map<Integer, Entry> table) {
        int clean = EnlightenedVmcs.CLEAN_FIELD_HOST_GRP1;
        add(table, 0x0C00, "HostEsSelector", clean, false);
        add(table, 0x0C02, "HostCsSelector", clean, false);
        add(table, 0x0C04, "HostSsSelector", clean, false);
        add(table, 0x0C06, "HostDsSelector", clean, false);
        add(table, 0x0C08, "HostFsSelector", clean, false);
        add(table, 0x0C0A, "HostGsSelector", clean, false);
        add(table, 0x0C0C, "HostTrSelector", clean, false);
        add(table, 0x2C00, "HostPat", clean, false);
        add(table, 0x2C02, "HostEfer", clean, false);
        add(table, 0x6C00, "HostCr0", clean, false);
        add(table, 0x6C02, "HostCr3", clean, false);
        add(table, 0x6C04, "HostCr4", clean, false);
        add(table, 0x6C10, "HostSysenterEspMsr", clean, false);
        add(table, 0x6C12, "HostSysenterEipMsr", clean, false);
        add(table, 0x6C16, "HostRip", clean, false);
        add(table, 0x2C04, "HostPerfGlobalCtrl", clean, false);
        add(table, 0x6C18, "HostSCet", clean, false);
        add(table, 0x6C1A, "HostSsp", clean, false);
        add(table, 0x6C1C, "HostInterruptSspTableAddr", clean, false);
        add(table, 0x4C00, "HostSysenterCsMsr", clean, false);
    }

    private static void addReadOnly(Map<Integer, Entry> table) {
        add(table, 0x2400, "ExitEptFaultGpa", 0, true);
        add(table, 0x4400, "ExitInstructionError", 0, true);
        add(table, 0x4402, "ExitReason", 0, true);
        add(table, 0x4404, "ExitInterruptionInfo", 0, true);
        add(table, 0x4406, "ExitExceptionErrorCode", 0, true);
        add(table, 0x4408, "ExitIdtVectoringInfo", 0, true);
        add(table, 0x440A, "ExitIdtVectoringErrorCode", 0, true);
        add(table, 0x440C, "ExitInstructionLength", 0, true);
        add(table, 0x440E, "ExitInstructionInfo", 0, true);
        add(table, 0x6400, "ExitQualification", 0, true);
        add(table, 0x6402, "ExitIoInstructionEcx", 0, true);
        add(table, 0x6404, "ExitIoInstructionEsi", 0, true);
        add(table, 0x6406, "ExitIoInstructionEdi", 0, true);
        add(table, 0x6408, "ExitIoInstructionEip", 0, true);
        add(table, 0x640A, "GuestLinearAddress", 0, true);
    }

    private static void add(Map<Integer, Entry> table, int encoding, String field, int clean, boolean readOnly) {
        Entry entry = new Entry(encoding, EnlightenedVmcs.LAYOUT.field(field), clean, readOnly);
        if (table.put(encoding, entry) != null) {
            throw new IllegalStateException("encoding " + encoding + " twice");
        }
    }
}
