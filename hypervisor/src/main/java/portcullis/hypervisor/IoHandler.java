package portcullis.hypervisor;

/** The machine around the processors, as they see it. Called on VP threads, several at once; must not throw or block for long. */
public interface IoHandler {
    /** No machine: nothing answers. */
    IoHandler NOTHING = new IoHandler() {
        @Override
        public int portRead(int port, int size) {
            return -1;
        }

        @Override
        public void portWrite(int port, int size, int value) {}

        @Override
        public long mmioRead(long gpa, int size) {
            return -1;
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {}
    };

    /**
     * IN.
     *
     * @param port 0 to 0xffff
     * @param size 1, 2 or 4 bytes
     * @return the value in the low {@code size} bytes; the rest is ignored
     */
    int portRead(int port, int size);

    /** OUT. */
    void portWrite(int port, int size, int value);

    /**
     * A load where there is no memory and no local APIC.
     *
     * @param size 1 to 8 bytes
     * @return the value in the low {@code size} bytes; the rest is ignored
     */
    long mmioRead(long gpa, int size);

    /** A store where there is no memory and no local APIC, or to ROM. */
    void mmioWrite(long gpa, int size, long value);
}
