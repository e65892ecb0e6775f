package portcullis.tlfs.call;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs of the calls that map statistics pages. No output but the result value.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; object types of the whole hypervisor v2.0, 21.2.1.
 */
public final class StatsCalls {
    /** StatsType: HV_STATS_OBJECT_TYPE. */
    public static final int TYPE_HYPERVISOR = 0x0000_0001;

    public static final int TYPE_LOGICAL_PROCESSOR = 0x0000_0002;
    public static final int TYPE_PARTITION = 0x0001_0001;
    public static final int TYPE_VP = 0x0001_0002;

    /** HV_STATS_OBJECT_IDENTITY (TLFS hv_stats_object_identity.md): what counts depends on the type. */
    public static final class StatsObjectIdentity {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int STATS_AREA_TYPE = 15;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_STATS_OBJECT_IDENTITY")
                .u64("PartitionId")
                .u32("VpIndex")
                .reserved(3)
                .u8("StatsAreaType")
                .build(SIZE);

        private StatsObjectIdentity() {}
    }

    /** HvCallMapStatsPage2 (0x0131), and its predecessor (0x006C). */
    public static final class MapStatsPage2Input {
        public static final int STATS_TYPE = 0;
        public static final int OBJECT_IDENTITY = 8;
        public static final int MAP_LOCATION = 24;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallMapStatsPage2 input")
                .u32("StatsType")
                .reserved(4)
                .structure("ObjectIdentity", StatsObjectIdentity.LAYOUT)
                .u64("MapLocation")
                .build(SIZE);

        private MapStatsPage2Input() {}
    }

    /** HvCallUnmapStatsPage (0x006D). Padded as in v2.0; its page has no padding. */
    public static final class UnmapStatsPageInput {
        public static final int STATS_TYPE = 0;
        public static final int OBJECT_IDENTITY = 8;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallUnmapStatsPage input")
                .u32("StatsType")
                .reserved(4)
                .structure("ObjectIdentity", StatsObjectIdentity.LAYOUT)
                .build(SIZE);

        private UnmapStatsPageInput() {}
    }

    private StatsCalls() {}
}
