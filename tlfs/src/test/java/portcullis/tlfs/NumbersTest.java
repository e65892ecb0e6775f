package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Status codes, MSRs, privileges, CPUID and register names against the specification's tables. */
class NumbersTest {
    @ParameterizedTest
    @CsvSource({
        "0x0000, HV_STATUS_SUCCESS",
        "0x0002, HV_STATUS_INVALID_HYPERCALL_CODE",
        "0x0003, HV_STATUS_INVALID_HYPERCALL_INPUT",
        "0x0004, HV_STATUS_INVALID_ALIGNMENT",
        "0x0005, HV_STATUS_INVALID_PARAMETER",
        "0x0006, HV_STATUS_ACCESS_DENIED",
        "0x0007, HV_STATUS_INVALID_PARTITION_STATE",
        "0x0008, HV_STATUS_OPERATION_DENIED",
        "0x000B, HV_STATUS_INSUFFICIENT_MEMORY",
        "0x000D, HV_STATUS_INVALID_PARTITION_ID",
        "0x000E, HV_STATUS_INVALID_VP_INDEX",
        "0x0011, HV_STATUS_INVALID_PORT_ID",
        "0x0012, HV_STATUS_INVALID_CONNECTION_ID",
        "0x0013, HV_STATUS_INSUFFICIENT_BUFFERS",
        "0x0015, HV_STATUS_INVALID_VP_STATE",
        "0x0018, HV_STATUS_INVALID_SYNIC_STATE",
        "0x001B, HV_STATUS_NO_DATA",
        "0x0033, HV_STATUS_INSUFFICIENT_BUFFER",
        "0x0050, HV_STATUS_INVALID_REGISTER_VALUE",
        "0x0051, HV_STATUS_INVALID_VTL_STATE",
        "0x0010, HV_STATUS_NOT_FOUND",
        "0x0079, HV_STATUS_CALL_PENDING",
        "0x0072, HV_STATUS_NOT_ALLOWED_WITH_NESTED_VIRT_ACTIVE",
        "0x0001, 0x0001",
        "0xFFFF, 0xFFFF",
    })
    void shouldNameStatusCodes(String code, String name) {
        assertEquals(name, HvStatus.name(Integer.decode(code)));
    }

    @Test
    void shouldUseEachNumberOnce() throws IllegalAccessException {
        for (Class<?> numbers : new Class<?>[] {HvStatus.class, PartitionPrivilege.class}) {
            Map<Long, String> seen = new HashMap<>();
            for (Field field : numbers.getFields()) {
                if (!field.getName().equals("VSM")) {
                    assertNull(seen.put(field.getLong(null), field.getName()), field.getName());
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, ACCESS_VP_RUN_TIME_REG",
        "1, ACCESS_PARTITION_REFERENCE_COUNTER",
        "2, ACCESS_SYNIC_REGS",
        "3, ACCESS_SYNTHETIC_TIMER_REGS",
        "4, ACCESS_INTR_CTRL_REGS",
        "5, ACCESS_HYPERCALL_MSRS",
        "6, ACCESS_VP_INDEX",
        "7, ACCESS_RESET_REG",
        "8, ACCESS_STATS_REG",
        "9, ACCESS_PARTITION_REFERENCE_TSC",
        "10, ACCESS_GUEST_IDLE_REG",
        "11, ACCESS_FREQUENCY_REGS",
        "13, ACCESS_REENLIGHTENMENT_CONTROLS",
        "32, CREATE_PARTITIONS",
        "35, ADJUST_MESSAGE_BUFFERS",
        "36, POST_MESSAGES",
        "37, SIGNAL_EVENTS",
        "39, CONNECT_PORT",
        "43, DEBUGGING",
        "44, CPU_MANAGEMENT",
        "48, ACCESS_VSM",
        "49, ACCESS_VP_REGISTERS",
        "52, ENABLE_EXTENDED_HYPERCALLS",
        "53, START_VIRTUAL_PROCESSOR",
        "54, ISOLATION",
    })
    void shouldPlacePrivilegesLikeTheMask(int bit, String name) throws ReflectiveOperationException {
        assertEquals(1L << bit, PartitionPrivilege.class.getField(name).getLong(null));
    }

    @ParameterizedTest
    @CsvSource({
        "0x40000000, HV_X64_MSR_GUEST_OS_ID, READ_WRITE",
        "0x40000001, HV_X64_MSR_HYPERCALL, READ_WRITE",
        "0x40000002, HV_X64_MSR_VP_INDEX, READ",
        "0x40000003, HV_X64_MSR_RESET, READ_WRITE",
        "0x40000010, HV_X64_MSR_VP_RUNTIME, READ",
        "0x40000020, HV_X64_MSR_TIME_REF_COUNT, READ",
        "0x40000022, HV_X64_MSR_TSC_FREQUENCY, READ",
        "0x40000040, HV_X64_MSR_NPIEP_CONFIG, READ_WRITE",
        "0x40000070, HV_X64_MSR_EOI, WRITE",
        "0x40000073, HV_X64_MSR_VP_ASSIST_PAGE, READ_WRITE",
        "0x40000081, HV_X64_MSR_SVERSION, READ",
        "0x40000084, HV_X64_MSR_EOM, READ_WRITE",
        "0x4000009F, HV_X64_MSR_SINT15, READ_WRITE",
        "0x400000B7, HV_X64_MSR_STIMER3_COUNT, READ_WRITE",
        "0x400000F0, HV_X64_MSR_GUEST_IDLE, READ",
        "0x40000104, HV_X64_MSR_CRASH_P4, READ_WRITE",
        "0x40000105, HV_X64_MSR_CRASH_CTL, READ_WRITE",
        "0x40000114, HV_X64_MSR_STIME_UNHALTED_TIMER_CONFIG, READ_WRITE",
        "0x4000109F, HV_X64_MSR_NESTED_SINT15, READ_WRITE",
    })
    void shouldKnowSyntheticMsrs(String number, String name, SyntheticMsr.Access access) {
        SyntheticMsr msr = SyntheticMsr.of(Integer.decode(number));
        assertNotNull(msr);
        assertEquals(name, msr.specName());
        assertEquals(access, msr.access());
    }

    @Test
    void shouldListEachSyntheticMsrOnceAndWithinTheRange() {
        Set<String> names = new HashSet<>();
        for (SyntheticMsr msr : SyntheticMsr.all()) {
            assertTrue(names.add(msr.specName()), msr.specName());
            assertTrue(msr.number() >= HvMsr.FIRST && msr.number() <= HvMsr.LAST, msr.specName());
            assertTrue(msr.privilege() == 0 || msr.feature() == 0, msr.specName());
            assertTrue(msr.readable() || msr.writable());
        }
        assertNull(SyntheticMsr.of(0x4000_0004));
        assertFalse(SyntheticMsr.of(HvMsr.EOI).readable());
    }

    @Test
    void shouldSpellTheSignatures() {
        assertEquals("Microsoft Hv", text(HvCpuid.VENDOR_EBX) + text(HvCpuid.VENDOR_ECX) + text(HvCpuid.VENDOR_EDX));
        assertEquals("Hv#1", text(HvCpuid.INTERFACE_EAX_HV1));
        assertEquals("VS#1", text(HvCpuid.SYNDBG_INTERFACE_EAX_VS1));
    }

    @ParameterizedTest
    @EnumSource
    void shouldFindEachRegisterByItsName(HvRegister register) {
        assertSame(register, HvRegister.of(register.code()));
        assertTrue(register.size() == 8 || register.size() == 16);
    }

    @ParameterizedTest
    @CsvSource({
        "0x00000000, HvRegisterExplicitSuspend, 8",
        "0x00000001, HvRegisterInterceptSuspend, 8",
        "0x00000203, HvRegisterHardwareFeaturesInfo, 16",
        "0x00010002, HvRegisterPendingInterruption, 8",
        "0x00010004, HvRegisterPendingEvent0, 16",
        "0x00020010, HvX64RegisterRip, 8",
        "0x0003000F, HvX64RegisterXmm15, 16",
        "0x00030018, HvX64RegisterFpControlStatus, 16",
        "0x00040005, HvX64RegisterXfem, 8",
        "0x00050005, HvX64RegisterDr7, 8",
        "0x00060007, HvX64RegisterTr, 16",
        "0x00070001, HvX64RegisterGdtr, 16",
        "0x00080001, HvX64RegisterEfer, 8",
        "0x0008000C, HvX64RegisterInitialApicId, 8",
        "0x0008007A, HvX64RegisterMsrMtrrFix4kF8000, 8",
        "0x00090002, HvRegisterGuestOsId, 8",
        "0x00090013, HvRegisterVpAssistPage, 8",
        "0x000A000F, HvRegisterSint15, 8",
        "0x000B0007, HvRegisterStimer3Count, 8",
        "0x000C001F, HvX64RegisterYmm15High, 16",
        "0x000D0007, HvRegisterVsmPartitionConfig, 8",
        "0x000D001E, HvRegisterVsmVpSecureConfigVtl14, 8",
        "0x000D0020, HvRegisterVsmVpWaitForTlbLock, 8",
        "0x000E0003, HvX64RegisterCrInterceptIa32MiscEnableMask, 8",
    })
    void shouldKnowRegisterNames(String code, String name, int size) {
        HvRegister register = HvRegister.of(Integer.decode(code));
        assertNotNull(register);
        assertEquals(name, register.specName());
        assertEquals(size, register.size());
    }

    @Test
    void shouldKnowNoRegisterWhereThereIsNone() {
        assertNull(HvRegister.of(0x0002_0012));
        assertNull(HvRegister.of(-1));
        assertEquals(15, HvRegister.SINT15.indexFrom(HvRegister.SINT0));
    }

    private static String text(int register) {
        var text = new StringBuilder();
        for (int shift = 0; shift < 32; shift += 8) {
            text.append((char) (register >>> shift & 0xFF));
        }
        return text.toString();
    }
}
