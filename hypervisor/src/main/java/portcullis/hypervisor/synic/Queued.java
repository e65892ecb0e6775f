package portcullis.hypervisor.synic;

/** What waits in the queue of a SINTx for the message slot. Everything happens under the lock of the {@link Synic}. */
sealed interface Queued permits Queued.Posted, SyntheticTimer {
    int type();

    /** Bytes. */
    int payloadSize();

    /** The message, for its slot; null where it has come to be of no use: it is left out. @param now reference time */
    SynicMessage message(long now);

    /** It is out of the queue, and in its slot or left out. @param now reference time */
    void delivered(long now);

    /** It is out of the queue and will not be delivered. */
    void dropped();

    /** Whose buffer it has; null where it has one of its own. */
    MessageBuffers buffers();

    /** Somebody's message. */
    record Posted(SynicMessage contents, MessageBuffers buffers) implements Queued {
        @Override
        public int type() {
            return contents.type();
        }

        @Override
        public int payloadSize() {
            return contents.payload().length;
        }

        @Override
        public SynicMessage message(long now) {
            return contents;
        }

        @Override
        public void delivered(long now) {
            buffers.giveBack();
        }

        @Override
        public void dropped() {
            buffers.giveBack();
        }
    }
}
