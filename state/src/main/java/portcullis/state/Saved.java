package portcullis.state;

/**
 * Something whose state can be written down and taken up again, in another process perhaps.
 *
 * <p>Both methods are called while nothing else happens to the object: processors stand, no timer fires, no device works. What
 * follows from the machine's configuration is not state: it is the same where the state is taken up. A wire that one object
 * drives into another is the state of both, so taking it up drives nothing.
 */
public interface Saved {
    /** Goes up when what {@link #save} writes changes; {@link #restore} may go on to understand older ones. */
    default int stateVersion() {
        return 1;
    }

    /** Writes everything that the object's future depends on. */
    void save(StateWriter out);

    /**
     * Takes up what {@link #save} wrote, into an object that has just been made and not been used.
     *
     * @throws StateException where that cannot be; the object is good for nothing then
     */
    void restore(StateReader in);
}
