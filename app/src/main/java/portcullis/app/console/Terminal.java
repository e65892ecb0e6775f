package portcullis.app.console;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The terminal on standard input, in raw mode while a guest has it: keys go to the guest one by one, Ctrl-C too. Output processing
 * stays on, so that guests that print bare line feeds look right. Restored by {@link #close}, which also runs when the JVM shuts
 * down; the launcher restores it once more, in case the JVM cannot.
 */
public final class Terminal implements AutoCloseable {
    private static final List<String> RAW = List.of(
            "-icanon", "-echo", "-isig", "-iexten", "-ixon", "-icrnl", "-inlcr", "-istrip", "-brkint", "min", "1",
            "time", "0");

    private static final int USUAL_COLUMNS = 80;

    private final String saved;
    private final Thread hook = new Thread(this::restore, "terminal");
    private boolean restored;

    private Terminal(String saved) {
        this.saved = saved;
    }

    /** Whether standard input is a terminal. The launcher knows without starting a process. */
    public static boolean present() {
        return Boolean.getBoolean("portcullis.terminal");
    }

    /** Whether standard output is a terminal. Likewise. */
    public static boolean shown() {
        return Boolean.getBoolean("portcullis.terminal.output");
    }

    /** How wide the terminal on standard input is, or 80 where it does not say. */
    public static int columns() {
        String size = present() ? stty(List.of("size")) : null;
        if (size != null && size.matches("\\d{1,4} \\d{1,4}")) {
            int columns = Integer.parseInt(size.substring(size.indexOf(' ') + 1));
            return columns > 0 ? columns : USUAL_COLUMNS;
        }
        return USUAL_COLUMNS;
    }

    /** Takes the terminal into raw mode, or returns null where that cannot be done: no terminal, or no stty. */
    public static Terminal raw() {
        String saved = stty(List.of("-g"));
        if (saved == null) {
            return null;
        }
        Terminal terminal = new Terminal(saved);
        Runtime.getRuntime().addShutdownHook(terminal.hook);
        if (stty(RAW) == null) {
            terminal.close();
            return null;
        }
        return terminal;
    }

    /** What stty prints, or null where it fails. */
    private static String stty(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add("stty");
        command.addAll(arguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            boolean done = process.waitFor(5, TimeUnit.SECONDS);
            return done && process.exitValue() == 0 ? printed : null;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private synchronized void restore() {
        if (!restored) {
            restored = true;
            stty(List.of(saved));
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // Shutting down already: the hook finds nothing left to do.
        }
    }
}
