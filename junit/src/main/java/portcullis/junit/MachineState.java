package portcullis.junit;

/** What a machine was about when a test failed: goes with the failure, for the report. */
final class MachineState extends Exception {
    private static final long serialVersionUID = 1L;

    MachineState(String text) {
        // Where it was made says nothing.
        super(text, null, false, false);
    }

    /** Without a class in front: this is for people. */
    @Override
    public String toString() {
        return getMessage();
    }
}
