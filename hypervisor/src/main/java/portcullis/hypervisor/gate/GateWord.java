package portcullis.hypervisor.gate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Keeps a gate's word off the cache lines of what lies before it: who flushes one VP must not slow down who inhibits another. */
abstract class GateWordBefore {
    long before0;
    long before1;
    long before2;
    long before3;
    long before4;
    long before5;
    long before6;
    long before7;
    long before8;
    long before9;
    long before10;
    long before11;
    long before12;
    long before13;
    long before14;
}

/** A gate's state, alone on its cache lines. */
abstract class GateWord extends GateWordBefore {
    /** How many flushes are passing. */
    static final int PASSING = (1 << 24) - 1;
    /** Where the bits of {@link InhibitReason} begin. */
    static final int REASONS_SHIFT = 24;

    static final int REASONS = InhibitReason.ALL << REASONS_SHIFT;

    static final VarHandle WORD;

    static {
        try {
            WORD = MethodHandles.lookup().findVarHandle(GateWord.class, "word", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    volatile int word;
}

/** And of what lies behind it. */
abstract class GateWordAfter extends GateWord {
    long after0;
    long after1;
    long after2;
    long after3;
    long after4;
    long after5;
    long after6;
    long after7;
    long after8;
    long after9;
    long after10;
    long after11;
    long after12;
    long after13;
    long after14;
}
