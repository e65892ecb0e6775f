package portcullis.soft.system;

import java.util.Arrays;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Model-specific registers that all contexts of a CPU share (TLFS vsm.md, "Shared State"). */
public final class SharedMsrs {
    public long miscEnable;
    public long mtrrDefaultType;
    public final long[] mtrrVariable = new long[16];
    public final long[] mtrrFixed = new long[11];
    public long mcgStatus;

    /** Power-up values (SDM 12.11, 17.3). */
    public void reset() {
        miscEnable = 1;
        mtrrDefaultType = 0;
        mcgStatus = 0;
        Arrays.fill(mtrrVariable, 0);
        Arrays.fill(mtrrFixed, 0);
    }

    public void save(StateWriter out) {
        out.putLong(miscEnable);
        out.putLong(mtrrDefaultType);
        out.putLong(mcgStatus);
        out.putLongs(mtrrVariable);
        out.putLongs(mtrrFixed);
    }

    public void restore(StateReader in) {
        miscEnable = in.getLong();
        mtrrDefaultType = in.getLong();
        mcgStatus = in.getLong();
        in.getLongs(mtrrVariable);
        in.getLongs(mtrrFixed);
    }
}
