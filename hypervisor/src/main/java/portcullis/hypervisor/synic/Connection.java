package portcullis.hypervisor.synic;

/** What a connection id of a guest leads to. Made by {@link Connections}. */
public final class Connection implements AutoCloseable {
    /** Where it leads. */
    sealed interface End {
        record Messages(MessageHandler handler) implements End {}

        record Events(EventHandler handler, int flags) implements End {}

        record ToPort(Port port) implements End {}
    }

    private final Connections connections;
    private final int id;
    private final int lowestVtl;
    private final End end;

    Connection(Connections connections, int id, int lowestVtl, End end) {
        this.connections = connections;
        this.id = id;
        this.lowestVtl = lowestVtl;
        this.end = end;
    }

    /** The connection id, 24 bits. */
    public int id() {
        return id;
    }

    int lowestVtl() {
        return lowestVtl;
    }

    End end() {
        return end;
    }

    /** Breaks the connection; its id is free again. What it has carried is not affected. Idempotent. */
    @Override
    public void close() {
        connections.forget(this);
    }
}
