package portcullis.soft.block;

import portcullis.memory.GuestMemory;

/** What all CPUs of one engine share beyond guest memory: decoded code, and where they meet. */
public final class EngineShared {
    final Rendezvous rendezvous = new Rendezvous();
    final CodePages pages;

    public EngineShared(GuestMemory memory) {
        pages = new CodePages(memory, rendezvous);
    }
}
