package portcullis.hypervisor.apic;

/**
 * What a message's destination is compared with (SDM 10.6.2): the published, immutable form of a local APIC's mode, ids and
 * destination format.
 *
 * @param mode DISABLED matches nothing
 * @param physical APIC id: 8 bits in xAPIC mode, 32 in x2APIC mode
 * @param logical logical id: 8 bits in xAPIC mode; in x2APIC mode cluster in bits 31:16, one bit below
 * @param cluster xAPIC mode: DFR says cluster model
 */
record ApicAddress(ApicMode mode, int physical, int logical, boolean cluster) {
    static final ApicAddress NONE = new ApicAddress(ApicMode.DISABLED, 0, 0, false);

    static ApicAddress xapic(int physical, int logical, boolean cluster) {
        return new ApicAddress(ApicMode.XAPIC, physical, logical, cluster);
    }

    static ApicAddress x2apic(int id) {
        return new ApicAddress(ApicMode.X2APIC, id, id >>> 4 << 16 | 1 << (id & 0xf), true);
    }

    /** Whether a logical destination, no broadcast, includes this APIC. */
    boolean matchesLogical(int destination) {
        return switch (mode) {
            case DISABLED -> false;
            case XAPIC ->
                (destination & ~0xff) == 0
                        && (logical & destination & (cluster ? 0xf : 0xff)) != 0
                        && (!cluster || logical >>> 4 == destination >>> 4);
            case X2APIC -> logical >>> 16 == destination >>> 16 && (logical & destination & 0xffff) != 0;
        };
    }
}
