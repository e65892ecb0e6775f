package portcullis.tlfs.message;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;
import portcullis.tlfs.register.ValueLayouts.SegmentRegister;

/**
 * Payloads of the messages that tell a parent or a higher trust level of an intercepted instruction. Offsets count
 * from the payload, which begins 16 bytes into the message.
 *
 * <p>Source: v2.0, 16.2, 16.3 and 16.5, for what of it is still so; the current text has the message types only. Where
 * the tables of v2.0 contradict each other and in what has been added since (trust level, CR8, access flags, the
 * messages from register intercept on), this is what Linux and OpenVMM know: a memory intercept of 80 bytes without
 * registers, which the receiver reads with HvCallGetVpRegisters.
 */
public final class InterceptMessages {
    /** HV_X64_INTERCEPT_MESSAGE_HEADER: the processor at the time of the intercept. */
    public static final class Header {
        public static final int VP_INDEX = 0;
        public static final int INSTRUCTION_LENGTH = 4;
        public static final int INTERCEPT_ACCESS_TYPE = 5;
        public static final int EXECUTION_STATE = 6;
        public static final int CS_SEGMENT = 8;
        public static final int RIP = 24;
        public static final int RFLAGS = 32;
        public static final int SIZE = 40;
        public static final int INSTRUCTION_LENGTH_LENGTH_SHIFT = 0;
        public static final int INSTRUCTION_LENGTH_LENGTH_MASK = 0xF;
        public static final int INSTRUCTION_LENGTH_CR8_SHIFT = 4;
        public static final int INSTRUCTION_LENGTH_CR8_MASK = 0xF;
        public static final int EXECUTION_STATE_CPL_SHIFT = 0;
        public static final int EXECUTION_STATE_CPL_MASK = 0x3;
        public static final int EXECUTION_STATE_CR0_PE = 1 << 2;
        public static final int EXECUTION_STATE_CR0_AM = 1 << 3;
        public static final int EXECUTION_STATE_EFER_LMA = 1 << 4;
        public static final int EXECUTION_STATE_DEBUG_ACTIVE = 1 << 5;
        public static final int EXECUTION_STATE_INTERRUPTION_PENDING = 1 << 6;
        public static final int EXECUTION_STATE_VTL_SHIFT = 7;
        public static final int EXECUTION_STATE_VTL_MASK = 0xF;
        public static final int EXECUTION_STATE_ENCLAVE_MODE = 1 << 11;
        public static final int EXECUTION_STATE_INTERRUPT_SHADOW = 1 << 12;
        public static final int EXECUTION_STATE_VIRTUALIZATION_FAULT_ACTIVE = 1 << 13;

        /** InterceptAccessType. */
        public static final int ACCESS_READ = 0;

        public static final int ACCESS_WRITE = 1;
        public static final int ACCESS_EXECUTE = 2;

        public static final Layout LAYOUT = Layout.of("HV_X64_INTERCEPT_MESSAGE_HEADER")
                .u32("VpIndex")
                .u8("InstructionLength", bits("Length", 0, 4), bits("Cr8", 4, 4))
                .u8("InterceptAccessType")
                .u16(
                        "ExecutionState",
                        bits("Cpl", 0, 2),
                        bit("Cr0Pe", 2),
                        bit("Cr0Am", 3),
                        bit("EferLma", 4),
                        bit("DebugActive", 5),
                        bit("InterruptionPending", 6),
                        bits("Vtl", 7, 4),
                        bit("EnclaveMode", 11),
                        bit("InterruptShadow", 12),
                        bit("VirtualizationFaultActive", 13))
                .structure("CsSegment", SegmentRegister.LAYOUT)
                .u64("Rip")
                .u64("Rflags")
                .build(SIZE);

        private Header() {}
    }

    /** Unmapped GPA (0x80000000) and GPA intercept (0x80000001). */
    public static final class Memory {
        public static final int HEADER = 0;
        public static final int CACHE_TYPE = 40;
        public static final int INSTRUCTION_BYTE_COUNT = 44;
        public static final int MEMORY_ACCESS_INFO = 45;
        public static final int TPR_PRIORITY = 46;
        public static final int GUEST_VIRTUAL_ADDRESS = 48;
        public static final int GUEST_PHYSICAL_ADDRESS = 56;
        public static final int INSTRUCTION_BYTES = 64;
        public static final int SIZE = 80;
        public static final int MEMORY_ACCESS_INFO_GVA_VALID = 1;
        public static final int MEMORY_ACCESS_INFO_GVA_GPA_VALID = 1 << 1;
        public static final int MEMORY_ACCESS_INFO_HYPERCALL_OUTPUT_PENDING = 1 << 2;
        public static final int MEMORY_ACCESS_INFO_TLB_LOCKED_NO_OVERLAY = 1 << 3;

        public static final Layout LAYOUT = Layout.of("HV_X64_MEMORY_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u32("CacheType")
                .u8("InstructionByteCount")
                .u8(
                        "MemoryAccessInfo",
                        bit("GvaValid", 0),
                        bit("GvaGpaValid", 1),
                        bit("HypercallOutputPending", 2),
                        bit("TlbLockedNoOverlay", 3))
                .u8("TprPriority")
                .reserved(1)
                .u64("GuestVirtualAddress")
                .u64("GuestPhysicalAddress")
                .bytes("InstructionBytes", 16)
                .build(SIZE);

        private Memory() {}
    }

    /** CPUID intercept (0x80010002). */
    public static final class Cpuid {
        public static final int HEADER = 0;
        public static final int RAX = 40;
        public static final int RCX = 48;
        public static final int RDX = 56;
        public static final int RBX = 64;
        public static final int DEFAULT_RESULT_RAX = 72;
        public static final int DEFAULT_RESULT_RCX = 80;
        public static final int DEFAULT_RESULT_RDX = 88;
        public static final int DEFAULT_RESULT_RBX = 96;
        public static final int SIZE = 104;

        public static final Layout LAYOUT = Layout.of("HV_X64_CPUID_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u64("Rax")
                .u64("Rcx")
                .u64("Rdx")
                .u64("Rbx")
                .u64("DefaultResultRax")
                .u64("DefaultResultRcx")
                .u64("DefaultResultRdx")
                .u64("DefaultResultRbx")
                .build(SIZE);

        private Cpuid() {}
    }

    /** MSR intercept (0x80010001). */
    public static final class Msr {
        public static final int HEADER = 0;
        public static final int MSR_NUMBER = 40;
        public static final int RDX = 48;
        public static final int RAX = 56;
        public static final int SIZE = 64;

        public static final Layout LAYOUT = Layout.of("HV_X64_MSR_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u32("MsrNumber")
                .reserved(4)
                .u64("Rdx")
                .u64("Rax")
                .build(SIZE);

        private Msr() {}
    }

    /** I/O port intercept (0x80010000). What follows RAX counts for string instructions only. */
    public static final class IoPort {
        public static final int HEADER = 0;
        public static final int PORT_NUMBER = 40;
        public static final int ACCESS_INFO = 42;
        public static final int INSTRUCTION_BYTE_COUNT = 43;
        public static final int RAX = 48;
        public static final int INSTRUCTION_BYTES = 56;
        public static final int DS_SEGMENT = 72;
        public static final int ES_SEGMENT = 88;
        public static final int RCX = 104;
        public static final int RSI = 112;
        public static final int RDI = 120;
        public static final int SIZE = 128;
        public static final int ACCESS_INFO_ACCESS_SIZE_SHIFT = 0;
        public static final int ACCESS_INFO_ACCESS_SIZE_MASK = 0x7;
        public static final int ACCESS_INFO_STRING_OP = 1 << 3;
        public static final int ACCESS_INFO_REP_PREFIX = 1 << 4;

        public static final Layout LAYOUT = Layout.of("HV_X64_IO_PORT_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u16("PortNumber")
                .u8("AccessInfo", bits("AccessSize", 0, 3), bit("StringOp", 3), bit("RepPrefix", 4))
                .u8("InstructionByteCount")
                .reserved(4)
                .u64("Rax")
                .bytes("InstructionBytes", 16)
                .structure("DsSegment", SegmentRegister.LAYOUT)
                .structure("EsSegment", SegmentRegister.LAYOUT)
                .u64("Rcx")
                .u64("Rsi")
                .u64("Rdi")
                .build(SIZE);

        private IoPort() {}
    }

    /** Exception intercept (0x80010003). */
    public static final class ExceptionIntercept {
        public static final int HEADER = 0;
        public static final int EXCEPTION_VECTOR = 40;
        public static final int EXCEPTION_INFO = 42;
        public static final int INSTRUCTION_BYTE_COUNT = 43;
        public static final int ERROR_CODE = 44;
        public static final int EXCEPTION_PARAMETER = 48;
        public static final int INSTRUCTION_BYTES = 64;
        public static final int DS_SEGMENT = 80;
        public static final int SS_SEGMENT = 96;
        public static final int RAX = 112;
        public static final int RCX = 120;
        public static final int RDX = 128;
        public static final int RBX = 136;
        public static final int RSP = 144;
        public static final int RBP = 152;
        public static final int RSI = 160;
        public static final int RDI = 168;
        public static final int R8 = 176;
        public static final int R9 = 184;
        public static final int R10 = 192;
        public static final int R11 = 200;
        public static final int R12 = 208;
        public static final int R13 = 216;
        public static final int R14 = 224;
        public static final int R15 = 232;
        public static final int SIZE = 240;
        public static final int EXCEPTION_INFO_ERROR_CODE_VALID = 1;
        public static final int EXCEPTION_INFO_SOFTWARE_EXCEPTION = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HV_X64_EXCEPTION_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u16("ExceptionVector")
                .u8("ExceptionInfo", bit("ErrorCodeValid", 0), bit("SoftwareException", 1))
                .u8("InstructionByteCount")
                .u32("ErrorCode")
                .u64("ExceptionParameter")
                .reserved(8)
                .bytes("InstructionBytes", 16)
                .structure("DsSegment", SegmentRegister.LAYOUT)
                .structure("SsSegment", SegmentRegister.LAYOUT)
                .u64("Rax")
                .u64("Rcx")
                .u64("Rdx")
                .u64("Rbx")
                .u64("Rsp")
                .u64("Rbp")
                .u64("Rsi")
                .u64("Rdi")
                .u64("R8")
                .u64("R9")
                .u64("R10")
                .u64("R11")
                .u64("R12")
                .u64("R13")
                .u64("R14")
                .u64("R15")
                .build(SIZE);

        private ExceptionIntercept() {}
    }

    /**
     * Register intercept (0x80010006), of a secure register intercept among others. The access is described by the
     * value written, or by a memory operand.
     */
    public static final class Register {
        public static final int HEADER = 0;
        public static final int FLAGS = 40;
        public static final int REGISTER_NAME = 44;
        public static final int SOURCE_VALUE = 48;
        public static final int DESTINATION_REGISTER = 48;
        public static final int SOURCE_ADDRESS = 48;
        public static final int DESTINATION_ADDRESS = 48;
        public static final int SIZE = 64;
        public static final int FLAGS_IS_MEMORY_OP = 1;

        public static final Layout LAYOUT = Layout.of("HV_X64_REGISTER_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u8("Flags", bit("IsMemoryOp", 0))
                .reserved(3)
                .u32("RegisterName")
                .bytes("SourceValue", 16)
                .at(48)
                .u32("DestinationRegister")
                .at(48)
                .u64("SourceAddress")
                .at(48)
                .u64("DestinationAddress")
                .build(SIZE);

        private Register() {}
    }

    /** Unrecoverable exception (0x80000021), a triple fault; and with the same payload halt (0x80010007). */
    public static final class UnrecoverableException {
        public static final int HEADER = 0;
        public static final int SIZE = 40;

        public static final Layout LAYOUT = Layout.of("HV_X64_UNRECOVERABLE_EXCEPTION_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .build(SIZE);

        private UnrecoverableException() {}
    }

    /** Interruption deliverable (0x80010008). The type is one of the pending interruption register's. */
    public static final class InterruptionDeliverable {
        public static final int HEADER = 0;
        public static final int DELIVERABLE_TYPE = 40;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HV_X64_INTERRUPTION_DELIVERABLE_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u32("DeliverableType")
                .reserved(4)
                .build(SIZE);

        private InterruptionDeliverable() {}
    }

    /** SynIC SINT deliverable (0x80000062). */
    public static final class SintDeliverable {
        public static final int HEADER = 0;
        public static final int DELIVERABLE_SINTS = 40;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HV_X64_SINT_DELIVERABLE_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u16("DeliverableSints")
                .reserved(6)
                .build(SIZE);

        private SintDeliverable() {}
    }

    /** SIPI intercept (0x80010009). */
    public static final class Sipi {
        public static final int HEADER = 0;
        public static final int TARGET_VP_INDEX = 40;
        public static final int INTERRUPT_VECTOR = 44;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HV_X64_SIPI_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u32("TargetVpIndex")
                .u32("InterruptVector")
                .build(SIZE);

        private Sipi() {}
    }

    /**
     * INIT or SIPI intercept (0x8001000D): what was written to the interrupt command register. No text has it; the field is
     * what Microsoft's platform API has for the same event (WHV_X64_APIC_INIT_SIPI_CONTEXT).
     */
    public static final class InitSipi {
        public static final int HEADER = 0;
        public static final int APIC_ICR = 40;
        public static final int SIZE = 48;

        public static final Layout LAYOUT = Layout.of("HV_X64_APIC_INIT_SIPI_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u64("ApicIcr")
                .build(SIZE);

        private InitSipi() {}
    }

    /** Hypercall intercept (0x80000050). XMM registers are those that carry input. */
    public static final class Hypercall {
        public static final int HEADER = 0;
        public static final int RAX = 40;
        public static final int RBX = 48;
        public static final int RCX = 56;
        public static final int RDX = 64;
        public static final int R8 = 72;
        public static final int RSI = 80;
        public static final int RDI = 88;
        public static final int XMM_REGISTERS = 96;
        public static final int XMM_REGISTERS_COUNT = 6;
        public static final int FLAGS = 192;
        public static final int SIZE = 208;
        public static final int FLAGS_ISOLATED = 1;

        public static final Layout LAYOUT = Layout.of("HV_X64_HYPERCALL_INTERCEPT_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .u64("Rax")
                .u64("Rbx")
                .u64("Rcx")
                .u64("Rdx")
                .u64("R8")
                .u64("Rsi")
                .u64("Rdi")
                .array("XmmRegisters", 16, 6)
                .u32("Flags", bit("Isolated", 0))
                .reserved(12)
                .build(SIZE);

        private Hypercall() {}
    }

    private InterceptMessages() {}
}
