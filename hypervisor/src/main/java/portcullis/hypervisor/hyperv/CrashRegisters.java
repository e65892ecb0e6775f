package portcullis.hypervisor.hyperv;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import portcullis.memory.GuestAddressException;
import portcullis.memory.MemoryView;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The crash registers of a partition (TLFS, "Partition Crash Enlightenment"). Any VP's thread. */
public final class CrashRegisters implements Saved {
    static final int PARAMETERS = 5;
    private static final long NOTIFY = 1L << 63;
    private static final long MESSAGE = 1L << 62;
    private static final int MAX_MESSAGE = 4096;

    /**
     * What a terminal makes of a guest's bytes is not for the guest to say: controls go, also those at 0x80 to 0x9f, which begin
     * sequences as ESC does; marks that turn text around; separators of lines other than the one that is shown as such.
     */
    private static final Pattern NOT_TEXT = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}&&[^\\n\\t]]");

    private final long[] parameters = new long[PARAMETERS];

    /** CRASH_CTL as it is read: what can be done. */
    public long capabilities() {
        return NOTIFY | MESSAGE;
    }

    public synchronized long parameter(int index) {
        return parameters[index];
    }

    public synchronized void setParameter(int index, long value) {
        parameters[index] = value;
    }

    /** CRASH_CTL written. @return the report, or null where none is asked for */
    public synchronized GuestCrash control(int vp, long value, MemoryView view) {
        if ((value & NOTIFY) == 0) {
            return null;
        }
        List<Long> values = new ArrayList<>();
        for (long parameter : parameters) {
            values.add(parameter);
        }
        return new GuestCrash(vp, values, (value & MESSAGE) != 0 ? message(view) : "");
    }

    private String message(MemoryView view) {
        long length = parameters[4];
        if (length <= 0 || length > MAX_MESSAGE) {
            return "";
        }
        byte[] text = new byte[(int) length];
        try {
            // The message may cross into a page that lies elsewhere on the host.
            for (int done = 0; done < text.length; ) {
                long gpa = parameters[3] + done;
                int chunk = Math.min(text.length - done, 4096 - (int) (gpa & 4095));
                view.read(gpa, text, done, chunk);
                done += chunk;
            }
        } catch (GuestAddressException nowhere) {
            return "";
        }
        return NOT_TEXT.matcher(new String(text, StandardCharsets.UTF_8)).replaceAll("");
    }

    public synchronized void reset() {
        java.util.Arrays.fill(parameters, 0);
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putLongs(parameters);
    }

    @Override
    public synchronized void restore(StateReader in) {
        in.getLongs(parameters);
    }
}
