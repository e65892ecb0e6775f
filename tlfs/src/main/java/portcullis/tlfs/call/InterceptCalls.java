package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs of the calls that ask for intercepts. No output but the result value.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/, hv_intercept_parameters.md,
 * hv_register_intercept_result_parameters.md, hv_intercept_type.md.
 */
public final class InterceptCalls {
    /** InterceptType: HV_INTERCEPT_TYPE. */
    public static final int TYPE_X64_IO_PORT = 0x00;

    public static final int TYPE_X64_MSR = 0x01;
    public static final int TYPE_X64_CPUID = 0x02;
    public static final int TYPE_EXCEPTION = 0x03;
    public static final int TYPE_X64_GLOBAL_CPUID = 0x06;
    public static final int TYPE_X64_APIC_SMI = 0x07;
    public static final int TYPE_HYPERCALL = 0x08;
    public static final int TYPE_X64_APIC_INIT_SIPI = 0x09;
    public static final int TYPE_X64_APIC_WRITE = 0x0B;
    public static final int TYPE_UNKNOWN_SYNIC_CONNECTION = 0x0D;
    public static final int TYPE_X64_APIC_EOI = 0x0E;
    public static final int TYPE_RETARGET_INTERRUPT_WITH_UNKNOWN_DEVICE_ID = 0x0F;
    public static final int TYPE_X64_EXCEPTION_TRAP = 0x10;
    public static final int TYPE_X64_IO_PORT_RANGE = 0x11;
    public static final int TYPE_REGISTER = 0x12;
    public static final int TYPE_SYSTEM_RESET_EXTENDED = 0x13;

    /** HvCallInstallIntercept (0x004D). */
    public static final class InstallInterceptInput {
        public static final int PARTITION_ID = 0;
        public static final int ACCESS_TYPE = 8;
        public static final int INTERCEPT_TYPE = 12;
        public static final int INTERCEPT_PARAMETER = 16;
        public static final int SIZE = 24;
        public static final int ACCESS_TYPE_READ = 1;
        public static final int ACCESS_TYPE_WRITE = 1 << 1;
        public static final int ACCESS_TYPE_EXECUTE = 1 << 2;

        public static final Layout LAYOUT = Layout.of("HvCallInstallIntercept input")
                .u64("PartitionId")
                .u32("AccessType", bit("Read", 0), bit("Write", 1), bit("Execute", 2))
                .u32("InterceptType")
                .u64("InterceptParameter")
                .build(SIZE);

        private InstallInterceptInput() {}
    }

    /** HV_INTERCEPT_PARAMETERS (TLFS hv_intercept_parameters.md), a union. */
    public static final class InterceptParameters {
        public static final int IO_PORT = 0;
        public static final int CPUID_INDEX = 0;
        public static final int APIC_WRITE_MASK = 0;
        public static final int MSR_INDEX = 0;
        public static final int IO_PORT_RANGE_BASE = 0;
        public static final int IO_PORT_RANGE_END = 2;
        public static final int EXCEPTION_VECTOR = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_INTERCEPT_PARAMETERS")
                .u16("IoPort")
                .at(0)
                .u32("CpuidIndex")
                .at(0)
                .u32("ApicWriteMask")
                .at(0)
                .u32("MsrIndex")
                .at(0)
                .u16("IoPortRangeBase")
                .u16("IoPortRangeEnd")
                .at(0)
                .u16("ExceptionVector")
                .reserved(6)
                .build(SIZE);

        private InterceptParameters() {}
    }

    /** HvCallInstallInterceptEx (0x0110), ARM64 only, header. */
    public static final class InstallInterceptExInput {
        public static final int PARTITION_ID = 0;
        public static final int INTERCEPT_INPUT_VTL = 8;
        public static final int INTERCEPT_TYPE = 12;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HvCallInstallInterceptEx input")
                .u64("PartitionId")
                .u8("InterceptInputVtl")
                .reserved(3)
                .u32("InterceptType")
                .reserved(32)
                .build(SIZE);

        private InstallInterceptExInput() {}
    }

    /** HV_INTERCEPT_PARAMETERS_EX, an element of HvCallInstallInterceptEx. */
    public static final class InterceptParametersEx {
        public static final int REGISTER_NAME = 0;
        public static final int ACCESS_TYPE_MASK = 4;
        public static final int WRITE_INTERCEPT_MASK = 8;
        public static final int SIZE = 128;

        public static final Layout LAYOUT = Layout.of("HV_INTERCEPT_PARAMETERS_EX")
                .u32("RegisterName")
                .u32("AccessTypeMask")
                .u64("WriteInterceptMask")
                .reserved(112)
                .build(SIZE);

        private InterceptParametersEx() {}
    }

    /**
     * HV_REGISTER_X64_CPUID_RESULT_PARAMETERS, as the text has it. Callers send 12 bytes before it that say which
     * leaf.
     */
    public static final class CpuidResultParameters {
        public static final int EAX = 0;
        public static final int EAX_MASK = 4;
        public static final int EBX = 8;
        public static final int EBX_MASK = 12;
        public static final int ECX = 16;
        public static final int ECX_MASK = 20;
        public static final int EDX = 24;
        public static final int EDX_MASK = 28;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HV_REGISTER_X64_CPUID_RESULT_PARAMETERS")
                .u32("Eax")
                .u32("EaxMask")
                .u32("Ebx")
                .u32("EbxMask")
                .u32("Ecx")
                .u32("EcxMask")
                .u32("Edx")
                .u32("EdxMask")
                .build(SIZE);

        private CpuidResultParameters() {}
    }

    /** HV_REGISTER_X64_MSR_RESULT_PARAMETERS. */
    public static final class MsrResultParameters {
        public static final int MSR_INDEX = 0;
        public static final int ACCESS_TYPE = 4;
        public static final int ACTION = 8;
        public static final int SIZE = 12;

        /** Action: HV_UNIMPLEMENTED_MSR_ACTION. */
        public static final int ACTION_FAULT = 0;

        public static final int ACTION_IGNORE_WRITE_READ_ZERO = 1;

        public static final Layout LAYOUT = Layout.of("HV_REGISTER_X64_MSR_RESULT_PARAMETERS")
                .u32("MsrIndex")
                .u32("AccessType")
                .u32("Action")
                .build(SIZE);

        private MsrResultParameters() {}
    }

    /**
     * HvCallRegisterInterceptResult (0x0091): the parameters depend on the type. UnregisterInterceptResult (0x0092)
     * begins the same; its parameters are not published.
     */
    public static final class RegisterInterceptResultInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int INTERCEPT_TYPE = 12;
        public static final int PARAMETERS = 16;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HvCallRegisterInterceptResult input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u32("InterceptType")
                .bytes("Parameters", 32)
                .build(SIZE);

        private RegisterInterceptResultInput() {}
    }

    private InterceptCalls() {}
}
