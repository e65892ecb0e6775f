package portcullis.jazzer;

import portcullis.fuzz.BytesTarget;

/** What Jazzer calls, again and again. */
public final class InterfaceTarget {
    private InterfaceTarget() {}

    /** @throws portcullis.fuzz.Violation where a rule does not hold, which Jazzer reports and keeps the input of */
    public static void fuzzerTestOneInput(byte[] input) {
        BytesTarget.run(input);
    }
}
