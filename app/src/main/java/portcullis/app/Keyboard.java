package portcullis.app;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import portcullis.app.console.EscapeKey;
import portcullis.machine.ConsoleInput;
import portcullis.machine.Pc;

/**
 * Standard input to the guest's console. On a terminal the escape key works whatever the guest does: reading never waits
 * for it. Other input is passed on as fast as the guest takes it, whole, without escapes.
 */
final class Keyboard {
    /** Keys typed ahead of a guest that does not read; more than that is dropped. */
    private static final int TYPED_AHEAD = 1 << 16;

    private static final long GRACE_MILLIS = 3000;

    private final Pc pc;
    private final ConsoleInput console;
    private final boolean terminal;
    private final InputStream in = new FileInputStream(FileDescriptor.in);
    private final BlockingQueue<Byte> typed = new ArrayBlockingQueue<>(TYPED_AHEAD);

    private final MachineSaver saver;
    private final boolean saveAtExit;

    Keyboard(Pc pc, boolean terminal, MachineSaver saver, boolean saveAtExit) {
        this.pc = pc;
        this.saver = saver;
        this.saveAtExit = saveAtExit;
        console = pc.console();
        this.terminal = terminal;
    }

    void start() {
        daemon("keyboard", terminal ? this::readKeys : this::copy);
        if (terminal) {
            daemon("keyboard to guest", this::deliver);
        }
    }

    private static void daemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void copy() {
        byte[] buffer = new byte[4096];
        try {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                for (int i = 0; i < length; i++) {
                    console.receive(buffer[i]);
                }
            }
        } catch (IOException | InterruptedException e) {
            // No more input: the guest goes on without.
        }
    }

    private void deliver() {
        try {
            while (true) {
                console.receive(typed.take());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void readKeys() {
        EscapeKey escape = new EscapeKey();
        try {
            for (int key = in.read(); key >= 0; key = in.read()) {
                switch (escape.take(key)) {
                    case NONE -> {}
                    case KEY -> typed.offer((byte) escape.key());
                    case BREAK -> console.sendBreak();
                    case POWER_BUTTON -> daemon("power button", pc::pressPowerButton);
                    case SAVE -> {
                        System.err.println();
                        // The escape key works meanwhile.
                        daemon("save", saver::save);
                    }
                    case HELP -> System.err.print("\n" + EscapeKey.HELP);
                    case END -> end();
                }
            }
        } catch (IOException e) {
            // The terminal has gone, and with it whoever could end the machine.
            end();
        }
    }

    private void end() {
        System.err.println();
        if (saveAtExit) {
            saver.saveLast();
        }
        pc.end();
        daemon("last resort", () -> {
            try {
                Thread.sleep(GRACE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            // Shutdown hooks run: the terminal comes back.
            Messages.say("the machine did not stop in time; leaving without it");
            System.exit(ExitStatus.INTERNAL);
        });
    }
}
