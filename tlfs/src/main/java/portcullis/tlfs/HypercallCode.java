package portcullis.tlfs;

import static portcullis.tlfs.CallShape.rep;
import static portcullis.tlfs.CallShape.simple;
import static portcullis.tlfs.CallShape.unpublished;
import static portcullis.tlfs.HypercallCode.Caller.ANY;
import static portcullis.tlfs.HypercallCode.Caller.PARENT;
import static portcullis.tlfs.HypercallCode.Caller.ROOT;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_MEMORY_POOL;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_PARTITION_ID;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_STATS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_VP_REGISTERS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_VSM;
import static portcullis.tlfs.PartitionPrivilege.CONFIGURE_PROFILER;
import static portcullis.tlfs.PartitionPrivilege.CPU_MANAGEMENT;
import static portcullis.tlfs.PartitionPrivilege.CREATE_PARTITIONS;
import static portcullis.tlfs.PartitionPrivilege.DEBUGGING;
import static portcullis.tlfs.PartitionPrivilege.ENABLE_EXTENDED_HYPERCALLS;
import static portcullis.tlfs.PartitionPrivilege.NONE;
import static portcullis.tlfs.PartitionPrivilege.POST_MESSAGES;
import static portcullis.tlfs.PartitionPrivilege.SIGNAL_EVENTS;

import java.util.Arrays;

/**
 * Hypercalls by call code: bits 15:0 of the hypercall input value.
 *
 * <p>Source: the pages under TLFS hypercalls/ where there is one, for the rest v6.0b, Appendix A, with the structures
 * of v2.0. Privileges are the table's; the pages' restrictions add to them (GetVpRegisters and SetVpRegisters need
 * theirs only on the caller's own partition, for instance). The calls of virtual secure mode are listed without a
 * privilege; they need ACCESS_VSM (vsm.md, "VSM Detection and Status"). Codes named ...DEPRECATED are the ones that a
 * later call of the same name replaced.
 *
 * <p>0x00D4 to 0x00DB, 0x0103 to 0x0107 and 0x0112 to 0x011C are in no version of the text: guests and hosts in public make them.
 *
 * <p>RetargetDeviceInterrupt is listed under CpuManagement, although every guest with a passed-through device calls it.
 */
public enum HypercallCode {
    SWITCH_VIRTUAL_ADDRESS_SPACE(0x0001, "HvCallSwitchVirtualAddressSpace", simple(8, 0), ANY, NONE),
    FLUSH_VIRTUAL_ADDRESS_SPACE(0x0002, "HvCallFlushVirtualAddressSpace", simple(24, 0), ANY, NONE),
    FLUSH_VIRTUAL_ADDRESS_LIST(0x0003, "HvCallFlushVirtualAddressList", rep(24, 8, 0), ANY, NONE),
    GET_LOGICAL_PROCESSOR_RUN_TIME(0x0004, "HvCallGetLogicalProcessorRunTime", simple(0, 32), ANY, CPU_MANAGEMENT),
    NOTIFY_LONG_SPIN_WAIT(0x0008, "HvCallNotifyLongSpinWait", simple(8, 0), ANY, NONE),
    PARKED_VIRTUAL_PROCESSORS(0x0009, "HvCallParkedVirtualProcessors", simple(8, 0), ANY, CPU_MANAGEMENT),
    SEND_SYNTHETIC_CLUSTER_IPI(0x000B, "HvCallSendSyntheticClusterIpi", simple(16, 0), ANY, NONE),
    MODIFY_VTL_PROTECTION_MASK(0x000C, "HvCallModifyVtlProtectionMask", rep(16, 8, 0), ANY, ACCESS_VSM),
    ENABLE_PARTITION_VTL(0x000D, "HvCallEnablePartitionVtl", simple(16, 0), ANY, ACCESS_VSM),
    DISABLE_PARTITION_VTL(0x000E, "HvCallDisablePartitionVtl", unpublished(false), ANY, ACCESS_VSM),
    ENABLE_VP_VTL(0x000F, "HvCallEnableVpVtl", simple(240, 0), ANY, ACCESS_VSM),
    DISABLE_VP_VTL(0x0010, "HvCallDisableVpVtl", unpublished(false), ANY, ACCESS_VSM),
    VTL_CALL(0x0011, "HvCallVtlCall", simple(0, 0), ANY, ACCESS_VSM),
    VTL_RETURN(0x0012, "HvCallVtlReturn", simple(0, 0), ANY, ACCESS_VSM),
    FLUSH_VIRTUAL_ADDRESS_SPACE_EX(
            0x0013, "HvCallFlushVirtualAddressSpaceEx", simple(32, 0).variable(), ANY, NONE),
    FLUSH_VIRTUAL_ADDRESS_LIST_EX(
            0x0014, "HvCallFlushVirtualAddressListEx", rep(32, 8, 0).variable(), ANY, NONE),
    SEND_SYNTHETIC_CLUSTER_IPI_EX(
            0x0015, "HvCallSendSyntheticClusterIpiEx", simple(24, 0).variable(), ANY, NONE),
    CREATE_PARTITION(0x0040, "HvCallCreatePartition", simple(56, 8), ANY, CREATE_PARTITIONS),
    INITIALIZE_PARTITION(0x0041, "HvCallInitializePartition", simple(8, 0), PARENT, NONE),
    FINALIZE_PARTITION(0x0042, "HvCallFinalizePartition", simple(8, 0), PARENT, NONE),
    DELETE_PARTITION(0x0043, "HvCallDeletePartition", simple(8, 0), PARENT, NONE),
    GET_PARTITION_PROPERTY(0x0044, "HvCallGetPartitionProperty", simple(16, 8), PARENT, NONE),
    SET_PARTITION_PROPERTY(0x0045, "HvCallSetPartitionProperty", simple(24, 0), PARENT, NONE),
    GET_PARTITION_ID(0x0046, "HvCallGetPartitionId", simple(0, 8), ANY, ACCESS_PARTITION_ID),
    GET_NEXT_CHILD_PARTITION(0x0047, "HvCallGetNextChildPartition", simple(16, 8), PARENT, NONE),
    DEPOSIT_MEMORY(0x0048, "HvCallDepositMemory", rep(8, 8, 0), PARENT, ACCESS_MEMORY_POOL),
    WITHDRAW_MEMORY(0x0049, "HvCallWithdrawMemory", rep(16, 0, 8), PARENT, ACCESS_MEMORY_POOL),
    GET_MEMORY_BALANCE(0x004A, "HvCallGetMemoryBalance", simple(16, 16), PARENT, ACCESS_MEMORY_POOL),
    MAP_GPA_PAGES(0x004B, "HvCallMapGpaPages", rep(24, 8, 0), PARENT, NONE),
    UNMAP_GPA_PAGES(0x004C, "HvCallUnmapGpaPages", rep(24, 0, 0), PARENT, NONE),
    INSTALL_INTERCEPT(0x004D, "HvCallInstallIntercept", simple(24, 0), PARENT, NONE),
    CREATE_VP(0x004E, "HvCallCreateVp", simple(40, 0), PARENT, NONE),
    DELETE_VP(0x004F, "HvCallDeleteVp", simple(16, 0), PARENT, NONE),
    GET_VP_REGISTERS(0x0050, "HvCallGetVpRegisters", rep(16, 4, 16), ANY, ACCESS_VP_REGISTERS),
    SET_VP_REGISTERS(0x0051, "HvCallSetVpRegisters", rep(16, 32, 0), ANY, ACCESS_VP_REGISTERS),
    TRANSLATE_VIRTUAL_ADDRESS(0x0052, "HvCallTranslateVirtualAddress", simple(32, 16), ANY, NONE),
    READ_GPA(0x0053, "HvCallReadGpa", simple(32, 24), PARENT, NONE),
    WRITE_GPA(0x0054, "HvCallWriteGpa", simple(48, 8), PARENT, NONE),
    ASSERT_VIRTUAL_INTERRUPT_DEPRECATED(0x0055, "HvAssertVirtualInterrupt", simple(32, 0), PARENT, NONE),
    CLEAR_VIRTUAL_INTERRUPT(0x0056, "HvCallClearVirtualInterrupt", simple(8, 0), PARENT, NONE),
    CREATE_PORT_DEPRECATED(0x0057, "HvCreatePort", simple(48, 0), PARENT, PartitionPrivilege.CREATE_PORT),
    DELETE_PORT(0x0058, "HvCallDeletePort", simple(16, 0), PARENT, NONE),
    CONNECT_PORT_DEPRECATED(0x0059, "HvConnectPort", simple(40, 0), PARENT, PartitionPrivilege.CONNECT_PORT),
    GET_PORT_PROPERTY(0x005A, "HvCallGetPortProperty", simple(24, 8), PARENT, NONE),
    DISCONNECT_PORT(0x005B, "HvCallDisconnectPort", simple(16, 0), PARENT, NONE),
    POST_MESSAGE(0x005C, "HvCallPostMessage", simple(256, 0), ANY, POST_MESSAGES),
    SIGNAL_EVENT(0x005D, "HvCallSignalEvent", simple(8, 0), ANY, SIGNAL_EVENTS),
    SAVE_PARTITION_STATE(0x005E, "HvCallSavePartitionState", simple(16, 4088), PARENT, NONE),
    RESTORE_PARTITION_STATE(0x005F, "HvCallRestorePartitionState", simple(4096, 8), PARENT, CREATE_PARTITIONS),
    INITIALIZE_EVENT_LOG_BUFFER_GROUP(0x0060, "HvCallInitializeEventLogBufferGroup", simple(32, 0), ROOT, NONE),
    FINALIZE_EVENT_LOG_BUFFER_GROUP(0x0061, "HvCallFinalizeEventLogBufferGroup", simple(8, 0), ROOT, NONE),
    CREATE_EVENT_LOG_BUFFER(0x0062, "HvCallCreateEventLogBuffer", simple(16, 0), ROOT, NONE),
    DELETE_EVENT_LOG_BUFFER(0x0063, "HvCallDeleteEventLogBuffer", simple(8, 0), ROOT, NONE),
    MAP_EVENT_LOG_BUFFER(0x0064, "HvCallMapEventLogBuffer", simple(8, 8), ROOT, NONE),
    UNMAP_EVENT_LOG_BUFFER(0x0065, "HvCallUnmapEventLogBuffer", simple(8, 0), ROOT, NONE),
    SET_EVENT_LOG_GROUP_SOURCES(0x0066, "HvCallSetEventLogGroupSources", simple(16, 0), ROOT, NONE),
    RELEASE_EVENT_LOG_BUFFER(0x0067, "HvCallReleaseEventLogBuffer", simple(8, 0), ROOT, NONE),
    FLUSH_EVENT_LOG_BUFFER(0x0068, "HvCallFlushEventLogBuffer", simple(8, 0), ROOT, NONE),
    POST_DEBUG_DATA(0x0069, "HvCallPostDebugData", simple(4096, 8), ANY, DEBUGGING),
    RETRIEVE_DEBUG_DATA(0x006A, "HvCallRetrieveDebugData", simple(16, 4096), ANY, DEBUGGING),
    RESET_DEBUG_SESSION(0x006B, "HvCallResetDebugSession", simple(8, 0), ANY, DEBUGGING),
    MAP_STATS_PAGE(0x006C, "HvCallMapStatsPage", simple(32, 0), PARENT, ACCESS_STATS),
    UNMAP_STATS_PAGE(0x006D, "HvCallUnmapStatsPage", simple(24, 0), PARENT, ACCESS_STATS),
    MAP_SPARSE_GPA_PAGES(0x006E, "HvCallMapSparseGpaPages", rep(16, 16, 0), PARENT, NONE),
    SET_SYSTEM_PROPERTY(0x006F, "HvCallSetSystemProperty", simple(24, 0), ROOT, CONFIGURE_PROFILER),
    SET_PORT_PROPERTY(0x0070, "HvCallSetPortProperty", simple(32, 8), PARENT, PartitionPrivilege.CREATE_PORT),
    ADD_LOGICAL_PROCESSOR(0x0076, "HvCallAddLogicalProcessor", unpublished(false), ROOT, CPU_MANAGEMENT),
    REMOVE_LOGICAL_PROCESSOR(0x0077, "HvCallRemoveLogicalProcessor", unpublished(false), ROOT, CPU_MANAGEMENT),
    QUERY_NUMA_DISTANCE(0x0078, "HvCallQueryNumaDistance", unpublished(false), ROOT, CPU_MANAGEMENT),
    SET_LOGICAL_PROCESSOR_PROPERTY(
            0x0079, "HvCallSetLogicalProcessorProperty", unpublished(false), ROOT, CPU_MANAGEMENT),
    GET_LOGICAL_PROCESSOR_PROPERTY(
            0x007A, "HvCallGetLogicalProcessorProperty", unpublished(false), ROOT, CPU_MANAGEMENT),
    GET_SYSTEM_PROPERTY(0x007B, "HvCallGetSystemProperty", simple(8, 16), ANY, CPU_MANAGEMENT),
    MAP_DEVICE_INTERRUPT(0x007C, "HvCallMapDeviceInterrupt", unpublished(false), ROOT, CPU_MANAGEMENT),
    UNMAP_DEVICE_INTERRUPT(0x007D, "HvCallUnmapDeviceInterrupt", unpublished(false), ROOT, CPU_MANAGEMENT),
    RETARGET_DEVICE_INTERRUPT(
            0x007E, "HvCallRetargetDeviceInterrupt", simple(56, 0).variable(), ANY, CPU_MANAGEMENT),
    MAP_DEVICE_PAGES(0x0080, "HvCallMapDevicePages", unpublished(false), ROOT, CPU_MANAGEMENT),
    UNMAP_DEVICE_PAGES(0x0081, "HvCallUnmapDevicePages", unpublished(false), ROOT, CPU_MANAGEMENT),
    ATTACH_DEVICE(0x0082, "HvCallAttachDevice", unpublished(false), ROOT, CPU_MANAGEMENT),
    DETACH_DEVICE(0x0083, "HvCallDetachDevice", unpublished(false), ROOT, CPU_MANAGEMENT),
    NOTIFY_STANDBY_TRANSITION(0x0084, "HvCallNotifyStandbyTransition", unpublished(false), ROOT, CPU_MANAGEMENT),
    PREPARE_FOR_SLEEP(0x0085, "HvCallPrepareForSleep", unpublished(false), ROOT, CPU_MANAGEMENT),
    PREPARE_FOR_HIBERNATE(0x0086, "HvCallPrepareForHibernate", unpublished(false), ROOT, CPU_MANAGEMENT),
    NOTIFY_PARTITION_EVENT(0x0087, "HvCallNotifyPartitionEvent", unpublished(false), ROOT, CPU_MANAGEMENT),
    GET_LOGICAL_PROCESSOR_REGISTERS(
            0x0088, "HvCallGetLogicalProcessorRegisters", unpublished(false), ROOT, CPU_MANAGEMENT),
    SET_LOGICAL_PROCESSOR_REGISTERS(
            0x0089, "HvCallSetLogicalProcessorRegisters", unpublished(false), ROOT, CPU_MANAGEMENT),
    QUERY_ASSOCIATED_LPSFOR_MCA(0x008A, "HvCallQueryAssociatedLpsforMca", unpublished(false), ROOT, CPU_MANAGEMENT),
    NOTIFY_RING_EMPTY(0x008B, "HvCallNotifyRingEmpty", unpublished(false), ROOT, CPU_MANAGEMENT),
    INJECT_SYNTHETIC_MACHINE_CHECK(
            0x008C, "HvCallInjectSyntheticMachineCheck", unpublished(false), ROOT, CPU_MANAGEMENT),
    SCRUB_PARTITION(0x008D, "HvCallScrubPartition", unpublished(false), ROOT, NONE),
    COLLECT_LIVEDUMP(0x008E, "HvCallCollectLivedump", unpublished(false), ROOT, DEBUGGING),
    DISABLE_HYPERVISOR(0x008F, "HvCallDisableHypervisor", unpublished(false), ROOT, NONE),
    MODIFY_SPARSE_GPA_PAGES(0x0090, "HvCallModifySparseGpaPages", rep(16, 8, 0), ROOT, NONE),
    REGISTER_INTERCEPT_RESULT(0x0091, "HvCallRegisterInterceptResult", simple(48, 0), ROOT, NONE),
    UNREGISTER_INTERCEPT_RESULT(0x0092, "HvCallUnregisterInterceptResult", unpublished(false), ROOT, NONE),
    ASSERT_VIRTUAL_INTERRUPT(0x0094, "HvCallAssertVirtualInterrupt", simple(32, 0), ANY, NONE),
    CREATE_PORT(0x0095, "HvCallCreatePort", simple(56, 0), ROOT, PartitionPrivilege.CREATE_PORT),
    CONNECT_PORT(0x0096, "HvCallConnectPort", simple(72, 0), ROOT, PartitionPrivilege.CONNECT_PORT),
    GET_SPA_PAGE_LIST(0x0097, "HvCallGetSpaPageList", unpublished(false), ROOT, NONE),
    START_VIRTUAL_PROCESSOR(
            0x0099, "HvCallStartVirtualProcessor", simple(240, 0), ANY, PartitionPrivilege.START_VIRTUAL_PROCESSOR),
    GET_VP_INDEX_FROM_APIC_ID(0x009A, "HvCallGetVpIndexFromApicId", rep(16, 4, 4), ANY, NONE),
    TRANSLATE_VIRTUAL_ADDRESS_EX(0x00AC, "HvCallTranslateVirtualAddressEx", simple(32, 64), ANY, NONE),
    CHECK_FOR_IO_INTERCEPT(0x00AD, "HvCallCheckForIoIntercept", simple(24, 8), PARENT, NONE),
    FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE(0x00AF, "HvCallFlushGuestPhysicalAddressSpace", simple(16, 0), ANY, NONE),
    FLUSH_GUEST_PHYSICAL_ADDRESS_LIST(0x00B0, "HvCallFlushGuestPhysicalAddressList", rep(16, 8, 0), ANY, NONE),
    SIGNAL_EVENT_DIRECT(0x00C0, "HvCallSignalEventDirect", simple(16, 8), PARENT, NONE),
    POST_MESSAGE_DIRECT(0x00C1, "HvCallPostMessageDirect", simple(280, 0), PARENT, NONE),
    CHECK_SPARSE_GPA_PAGE_VTL_ACCESS(0x00D4, "HvCallCheckSparseGpaPageVtlAccess", unpublished(true), ANY, NONE),
    ACCEPT_GPA_PAGES(0x00D9, "HvCallAcceptGpaPages", unpublished(true), ANY, NONE),
    MODIFY_SPARSE_GPA_PAGE_HOST_VISIBILITY(
            0x00DB, "HvCallModifySparseGpaPageHostVisibility", unpublished(true), ANY, NONE),
    MAP_VP_STATE_PAGE(0x00E1, "HvCallMapVpStatePage", simple(24, 8), PARENT, NONE),
    UNMAP_VP_STATE_PAGE(0x00E2, "HvCallUnmapVpStatePage", simple(16, 0), PARENT, NONE),
    GET_VP_SET_FROM_MDA(0x00E5, "HvCallGetVpSetFromMda", simple(24, 4104), PARENT, NONE),
    GET_VP_CPUID_VALUES(0x00F4, "HvCallGetVpCpuidValues", rep(24, 8, 16), PARENT, NONE),
    RESTORE_PARTITION_TIME(0x0103, "HvCallRestorePartitionTime", unpublished(false), PARENT, NONE),
    MEMORY_MAPPED_IO_READ(0x0106, "HvCallMemoryMappedIoRead", unpublished(false), ANY, NONE),
    MEMORY_MAPPED_IO_WRITE(0x0107, "HvCallMemoryMappedIoWrite", unpublished(false), ANY, NONE),
    SET_PARTITION_PROPERTY_EX(
            0x010A, "HvCallSetPartitionPropertyEx", simple(24, 0).variable(), PARENT, NONE),
    INSTALL_INTERCEPT_EX(0x0110, "HvCallInstallInterceptEx", rep(48, 128, 0), PARENT, NONE),
    PIN_GPA_PAGE_RANGES(0x0112, "HvCallPinGpaPageRanges", unpublished(true), ANY, NONE),
    UNPIN_GPA_PAGE_RANGES(0x0113, "HvCallUnpinGpaPageRanges", unpublished(true), ANY, NONE),
    QUERY_SPARSE_GPA_PAGE_HOST_VISIBILITY(
            0x011C, "HvCallQuerySparseGpaPageHostVisibility", unpublished(true), ANY, NONE),
    SET_VIRTUAL_INTERRUPT_TARGET(0x011F, "HvCallSetVirtualInterruptTarget", simple(24, 0), PARENT, NONE),
    MAP_STATS_PAGE2(0x0131, "HvCallMapStatsPage2", simple(32, 0), PARENT, ACCESS_STATS),
    EXT_QUERY_CAPABILITIES(0x8001, "HvExtCallQueryCapabilities", simple(0, 8), ANY, ENABLE_EXTENDED_HYPERCALLS),
    EXT_GET_BOOT_ZEROED_MEMORY(
            0x8002, "HvExtCallGetBootZeroedMemory", simple(0, 4088), ANY, ENABLE_EXTENDED_HYPERCALLS),
    EXT_MEMORY_HEAT_HINT(0x8003, "HvExtCallMemoryHeatHint", unpublished(false), ANY, ENABLE_EXTENDED_HYPERCALLS),
    EXT_EPF_SETUP(0x8004, "HvExtCallEpfSetup", unpublished(false), ANY, ENABLE_EXTENDED_HYPERCALLS),
    EXT_SCHEDULER_ASSIST_SETUP(
            0x8005, "HvExtCallSchedulerAssistSetup", unpublished(false), ANY, ENABLE_EXTENDED_HYPERCALLS),
    EXT_MEMORY_HEAT_HINT_ASYNC(
            0x8006, "HvExtCallMemoryHeatHintAsync", unpublished(false), ANY, ENABLE_EXTENDED_HYPERCALLS);

    /** Call codes from here up are extended hypercalls. */
    public static final int FIRST_EXTENDED = 0x8000;

    /** On whose behalf a call may be made. */
    public enum Caller {
        ANY,
        /** The parent of the partition that is acted upon, or the root. */
        PARENT,
        ROOT
    }

    private static final HypercallCode[] BY_CODE = values();
    private static final int[] CODES =
            Arrays.stream(BY_CODE).mapToInt(call -> call.code).toArray(); // declared in ascending order

    private final int code;
    private final String specName;
    private final CallShape shape;
    private final Caller caller;
    private final long privileges;

    HypercallCode(int code, String specName, CallShape shape, Caller caller, long privileges) {
        this.code = code;
        this.specName = specName;
        this.shape = shape;
        this.caller = caller;
        this.privileges = privileges;
    }

    /**
     * The call with this code.
     *
     * @param code bits 15:0 of a hypercall input value
     * @return the call, or null where the specification has none
     */
    public static HypercallCode of(int code) {
        int index = Arrays.binarySearch(CODES, code);
        return index >= 0 ? BY_CODE[index] : null;
    }

    public int code() {
        return code;
    }

    /** The specification's name, HvCall... or HvExtCall... */
    public String specName() {
        return specName;
    }

    /** Simple or rep, and the sizes of what goes in and out. */
    public CallShape shape() {
        return shape;
    }

    public Caller caller() {
        return caller;
    }

    /** Bits of {@link PartitionPrivilege} that the caller must have, 0 where none is needed. */
    public long privileges() {
        return privileges;
    }

    /** Whether the call is part of virtual secure mode. */
    public boolean needsVsm() {
        return (privileges & ACCESS_VSM) != 0;
    }
}
