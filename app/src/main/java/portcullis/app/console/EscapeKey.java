package portcullis.app.console;

/** Finds the user's commands in what comes from the keyboard: Ctrl-A and a letter. Everything else is the guest's. */
public final class EscapeKey {
    /** What the user wants. */
    public enum Command {
        /** Nothing yet: the next key decides. */
        NONE,
        /** {@link #key} goes to the guest. */
        KEY,
        END,
        HELP,
        BREAK,
        POWER_BUTTON,
        SAVE
    }

    /** Shown for {@link Command#HELP}. */
    public static final String HELP = """
            Ctrl-A X   end the virtual machine
            Ctrl-A P   press its power button
            Ctrl-A S   save it to a file; it runs on
            Ctrl-A B   send a break
            Ctrl-A A   send Ctrl-A
            Ctrl-A H   this help
            """;

    private static final int CTRL_A = 1;

    private boolean escaped;
    private int key;

    /** Takes one key. @param typed 0 to 255 */
    public Command take(int typed) {
        key = typed;
        if (!escaped) {
            escaped = typed == CTRL_A;
            return escaped ? Command.NONE : Command.KEY;
        }
        escaped = false;
        // With Ctrl held down, too: it is easily left down after Ctrl-A.
        int letter = typed < 27 ? typed + 'a' - 1 : typed | 0x20;
        return switch (letter) {
            case 'x' -> Command.END;
            case 'h', '?' -> Command.HELP;
            case 'b' -> Command.BREAK;
            case 'p' -> Command.POWER_BUTTON;
            case 's' -> Command.SAVE;
            case 'a' -> {
                key = CTRL_A;
                yield Command.KEY;
            }
            default -> Command.NONE;
        };
    }

    /** The guest's key, after {@link Command#KEY}. */
    public int key() {
        return key;
    }
}
