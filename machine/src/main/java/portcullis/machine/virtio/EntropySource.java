package portcullis.machine.virtio;

import java.security.SecureRandom;
import java.util.Random;

/** Where {@link EntropyDevice} has its bytes from. Used by one thread at a time. */
@FunctionalInterface
public interface EntropySource {
    void fill(byte[] bytes);

    /** The host's random numbers. */
    static EntropySource secure() {
        SecureRandom random = new SecureRandom();
        return random::nextBytes;
    }

    /** The same bytes in every run: for deterministic machines only. {@link Random}'s algorithm is part of its contract. */
    static EntropySource seeded(long seed) {
        Random random = new Random(seed);
        return random::nextBytes;
    }
}
