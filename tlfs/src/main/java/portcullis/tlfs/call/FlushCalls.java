package portcullis.tlfs.call;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs of the calls that flush virtual TLBs. No output but the result value. What is in flags and ranges: {@link
 * FlushArguments}.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; SwitchVirtualAddressSpace v6.0b, 9.4.1.
 */
public final class FlushCalls {
    /** HvCallSwitchVirtualAddressSpace (0x0001). */
    public static final class SwitchVirtualAddressSpaceInput {
        public static final int ADDRESS_SPACE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallSwitchVirtualAddressSpace input")
                .u64("AddressSpace")
                .build(SIZE);

        private SwitchVirtualAddressSpaceInput() {}
    }

    /** HvCallFlushVirtualAddressSpace (0x0002). */
    public static final class FlushVirtualAddressSpaceInput {
        public static final int ADDRESS_SPACE = 0;
        public static final int FLAGS = 8;
        public static final int PROCESSOR_MASK = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallFlushVirtualAddressSpace input")
                .u64("AddressSpace")
                .u64("Flags")
                .u64("ProcessorMask")
                .build(SIZE);

        private FlushVirtualAddressSpaceInput() {}
    }

    /** HvCallFlushVirtualAddressList (0x0003). */
    public static final class FlushVirtualAddressListInput {
        public static final int ADDRESS_SPACE = 0;
        public static final int FLAGS = 8;
        public static final int PROCESSOR_MASK = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallFlushVirtualAddressList input")
                .u64("AddressSpace")
                .u64("Flags")
                .u64("ProcessorMask")
                .build(SIZE);

        private FlushVirtualAddressListInput() {}
    }

    /** HvCallFlushVirtualAddressList, FlushVirtualAddressListEx: a {@link FlushArguments.GvaRange}. */
    public static final class FlushVirtualAddressListElement {
        public static final int GVA_RANGE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallFlushVirtualAddressList element")
                .u64("GvaRange")
                .build(SIZE);

        private FlushVirtualAddressListElement() {}
    }

    /**
     * HvCallFlushVirtualAddressSpaceEx (0x0013), and the header of FlushVirtualAddressListEx (0x0014): the set's
     * banks are the variable header.
     */
    public static final class FlushVirtualAddressSpaceExInput {
        public static final int ADDRESS_SPACE = 0;
        public static final int FLAGS = 8;
        public static final int PROCESSOR_SET = 16;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallFlushVirtualAddressSpaceEx input")
                .u64("AddressSpace")
                .u64("Flags")
                .bytes("ProcessorSet", 16)
                .build(SIZE);

        private FlushVirtualAddressSpaceExInput() {}
    }

    /**
     * HvCallFlushGuestPhysicalAddressSpace (0x00AF), and the header of FlushGuestPhysicalAddressList (0x00B0), whose
     * elements are ranges of pages. No flags are defined.
     */
    public static final class FlushGuestPhysicalAddressSpaceInput {
        public static final int ADDRESS_SPACE = 0;
        public static final int FLAGS = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallFlushGuestPhysicalAddressSpace input")
                .u64("AddressSpace")
                .u64("Flags")
                .build(SIZE);

        private FlushGuestPhysicalAddressSpaceInput() {}
    }

    /** HvCallFlushGuestPhysicalAddressList: a {@link FlushArguments.ExtendedGvaRange}, of guest physical pages. */
    public static final class FlushGuestPhysicalAddressListElement {
        public static final int GPA_RANGE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallFlushGuestPhysicalAddressList element")
                .u64("GpaRange")
                .build(SIZE);

        private FlushGuestPhysicalAddressListElement() {}
    }

    private FlushCalls() {}
}
