package portcullis.app;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import portcullis.machine.Pc;

/** Saves a machine to a file when it is told to, and tells the user in one line what came of it. */
final class MachineSaver {
    private final Pc pc;
    private final Path file;
    private boolean ended;

    MachineSaver(Pc pc, Path file) {
        this.pc = pc;
        this.file = file;
    }

    /** Saves the machine, which goes on. Any thread, one after the other. */
    synchronized void save() {
        if (!ended) {
            report(pc::save, "; the machine goes on");
        }
    }

    /** Saves the machine and ends it. */
    synchronized void saveLast() {
        if (!ended) {
            ended = true;
            report(pc::saveAndEnd, "; go on with: portcullis run --restore " + file);
        }
    }

    private interface Way {
        long save(Path file) throws IOException;
    }

    private void report(Way way, String whatNow) {
        long began = System.nanoTime();
        try {
            long bytes = way.save(file);
            double seconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) / 1000.0;
            Messages.say("saved to %s, %.1f MiB in %.1f s%s".formatted(file, bytes / 1048576.0, seconds, whatNow));
        } catch (IOException refused) {
            Messages.say("not saved: " + refused.getMessage());
        } catch (IllegalStateException over) {
            // Switched off, or in the middle of being so: there is nothing to go on with.
            Messages.say("not saved: the machine does not run any more");
        }
    }
}
