package portcullis.machine.virtio;

/** Feature bits that belong to the rings and the transport (virtio 1.2, chapter 6). */
final class VirtioFeatures {
    static final long INDIRECT_DESCRIPTORS = 1L << 28;
    static final long EVENT_INDEX = 1L << 29;
    static final long VERSION_1 = 1L << 32;

    /** What every device here offers. */
    static final long OFFERED = INDIRECT_DESCRIPTORS | EVENT_INDEX | VERSION_1;

    private VirtioFeatures() {}
}
