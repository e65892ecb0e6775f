package portcullis.machine.virtio;

import java.security.SecureRandom;
import portcullis.hypervisor.schedule.SeededRandom;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Where {@link EntropyDevice} has its bytes from. Used by one thread at a time. Sources without a memory have no state. */
@FunctionalInterface
public interface EntropySource extends Saved {
    void fill(byte[] bytes);

    @Override
    default void save(StateWriter out) {}

    @Override
    default void restore(StateReader in) {}

    /** The host's random numbers. */
    static EntropySource secure() {
        SecureRandom random = new SecureRandom();
        return random::nextBytes;
    }

    /** The same bytes in every run: for deterministic machines only. */
    static EntropySource seeded(long seed) {
        SeededRandom random = new SeededRandom(seed);
        return new EntropySource() {
            @Override
            public void fill(byte[] bytes) {
                random.nextBytes(bytes);
            }

            @Override
            public void save(StateWriter out) {
                random.save(out);
            }

            @Override
            public void restore(StateReader in) {
                random.restore(in);
            }
        };
    }
}
