package portcullis.fuzz;

import portcullis.hypervisor.hyperv.Enlightenment;

/**
 * What the specification's page of a call says of its form.
 *
 * @param variable whether a variable header may follow the fixed one
 * @param input bytes of the fixed input header
 * @param element bytes of an input list element
 * @param output bytes of the output of a simple call
 * @param outputElement bytes of an output list element
 * @param privilege the bit of HV_PARTITION_PRIVILEGE_MASK that the caller's partition needs, or -1
 * @param with what has to be offered for the call to be there, or null
 */
record CallRow(
        int code,
        boolean rep,
        boolean variable,
        int input,
        int element,
        int output,
        int outputElement,
        int privilege,
        Enlightenment with) {
    /** Bytes of the whole input: header, variable header, list. */
    int inputBytes(int variableQwords, int reps) {
        return (input + 7 & -8) + variableQwords * 8 + reps * element;
    }

    int outputBytes(int reps) {
        return (output + 7 & -8) + reps * outputElement;
    }

    /** As many elements as a page holds, or registers do. */
    int mostReps(boolean fast, int variableQwords) {
        if (!rep) {
            return 0;
        }
        int room = (fast ? 112 : Layout.PAGE) - (input + 7 & -8) - variableQwords * 8;
        int in = element == 0 ? 4095 : room / element;
        int out = outputElement == 0 ? 4095 : Layout.PAGE / outputElement;
        return Math.max(0, Math.min(in, out));
    }
}
