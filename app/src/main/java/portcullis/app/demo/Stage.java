package portcullis.app.demo;

import portcullis.hypervisor.trace.TraceEvent;

/** Where a demonstration is shown. One thread. */
interface Stage extends AutoCloseable {
    /** Something happened to a VP. In order, soon after it did. */
    void happened(TraceEvent event);

    /** Whether it can show hundreds of events a second. */
    boolean takesMany();

    /** Something new begins. */
    void chapter(String what);

    /** What the host is at. */
    void doing(String what);

    /** Numbers that change all the time: one line. */
    void count(String numbers);

    /** Time passes. Called often. */
    void tick();

    /** Nothing more is shown here: what follows is printed below. */
    @Override
    void close();
}
