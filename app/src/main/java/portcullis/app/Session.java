package portcullis.app;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import portcullis.app.console.BufferedSink;
import portcullis.app.console.Terminal;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;
import portcullis.machine.serial.SerialSink;

/** One machine from its options to its exit status. */
final class Session {
    private final MachineOptions options;
    private final BootFiles files;
    /** Null for a machine that boots. */
    private final SavedMachine saved;
    /** Null for those that the options name. */
    private final EngineFactory engines;
    /** Closed when the session ends, the last first. */
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    private volatile Pc pc;
    /** What of the run's output is lost. */
    private volatile UserError loss;

    Session(MachineOptions options, BootFiles files) {
        this(options, files, null, null);
    }

    /** Goes on with a saved machine. @param options already have what is the file's to say */
    Session(MachineOptions options, BootFiles files, SavedMachine saved, EngineFactory engines) {
        this.options = options;
        this.files = files;
        this.saved = saved;
        this.engines = engines;
    }

    /**
     * Runs the machine until it ends.
     *
     * @return the exit status
     * @throws UserError for everything that is the user's to put right
     */
    int run() throws InterruptedException {
        MachineConfig config = options.config(files);
        try {
            return run(config);
        } catch (LoadException e) {
            throw new UserError(e.getMessage());
        } catch (OutOfMemoryError e) {
            throw new UserError(
                    "the host has not enough memory for a machine of %d MiB (%s); give it less with --memory"
                            .formatted(config.ramBytes() >> 20, e.getMessage()));
        } finally {
            close();
        }
    }

    private int run(MachineConfig config) throws LoadException, InterruptedException {
        boolean stdio = options.stdio();
        boolean interactive = stdio && Terminal.present();
        // Before there is a machine, and until it is no more.
        opened(EventRecording.into(options.traceFiles().events(), EventChoice.parse(options.traceEvents)));
        LoadingLine loading = new LoadingLine();
        HostAttachments host = new HostAttachments(
                serialSink(), consoleSink(), debugSink(), loading, Messages::say, interactive, traceLines());
        Pc machine = opened(
                saved == null ? new Pc(config, options.engines(), host) : Pc.restore(saved, config, engines, host));
        pc = machine;
        MachineSaver saver = new MachineSaver(machine, options.save);
        Keyboard keyboard = null;
        if (interactive) {
            Terminal terminal = Terminal.raw();
            if (terminal != null) {
                opened(terminal);
            }
            Messages.say("%s%d processor%s, %d MiB, software engine%s. Ctrl-A X ends the machine, Ctrl-A H helps."
                    .formatted(
                            saved == null ? "" : "restored: ",
                            config.processors(),
                            config.processors() == 1 ? "" : "s",
                            config.ramBytes() >> 20,
                            config.time() instanceof TimeSource.Virtual ? ", virtual time" : ""));
        }
        if (saved == null) {
            machine.start();
        } else {
            machine.resume();
        }
        loading.finish();
        if (options.saveAtExit) {
            saveWhenKilled(saver);
        }
        if (stdio) {
            keyboard = new Keyboard(machine, interactive, saver, options.saveAtExit);
            keyboard.start();
        }
        while (true) {
            Outcome outcome = machine.awaitEnd();
            if (outcome instanceof Outcome.Reset && !options.noReboot) {
                machine.reset();
                loading.finish();
                continue;
            }
            return status(outcome);
        }
    }

    /** Signals that end the process run its shutdown hooks while everything else still goes on. */
    private void saveWhenKilled(MachineSaver saver) {
        Thread hook = new Thread(saver::saveLast, "save at exit");
        Runtime.getRuntime().addShutdownHook(hook);
        opened(() -> {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException shuttingDown) {
                // It runs, or has run.
                return;
            }
        });
    }

    private int status(Outcome outcome) {
        boolean disksFailed = pc.disksFailed();
        // Output first: what we say comes after the guest's last words.
        close();
        if (loss != null) {
            throw loss;
        }
        return switch (outcome) {
            case Outcome.PowerOff() when disksFailed -> afterDiskErrors();
            case Outcome.PowerOff() -> ExitStatus.SUCCESS;
            case Outcome.Reset() when disksFailed -> afterDiskErrors();
            case Outcome.Reset() -> ExitStatus.SUCCESS;
            case Outcome.Stopped() -> ExitStatus.SUCCESS;
            case Outcome.GuestExit(int code) -> options.exitCode.equals("0") ? ExitStatus.SUCCESS : code;
            case Outcome.TripleFault(int vp, String state) -> {
                Messages.say(
                        "processor %d shut down: triple fault. Its state:\n%s".formatted(vp, state.stripTrailing()));
                yield ExitStatus.TRIPLE_FAULT;
            }
            case Outcome.Stalled(String state) -> {
                Messages.say(
                        "every processor waits for something that cannot come. Their state:\n" + state.stripTrailing());
                yield ExitStatus.STALLED;
            }
            case Outcome.Endless(long ticks, String state) -> {
                Messages.say("no end after %d instructions, the limit. The processors' state:\n%s"
                        .formatted(ticks, state.stripTrailing()));
                yield ExitStatus.ENDLESS;
            }
            case Outcome.AssertionFailed(int value) -> {
                Messages.say("the guest's assertion failed: it wrote 0x%x to the assertion port".formatted(value));
                yield ExitStatus.ASSERTION_FAILED;
            }
            case Outcome.HostError(int vp, Throwable cause) -> {
                Messages.fault(vp < 0 ? "in a device" : "on processor " + vp, cause);
                yield ExitStatus.INTERNAL;
            }
        };
    }

    /** The guest has ended as it wanted, and may believe that all it wrote is there. */
    private static int afterDiskErrors() {
        Messages.say("the guest's disks had errors (above): what it wrote may not all be there");
        return ExitStatus.BAD_INPUT;
    }

    // The host's ends of the wires

    private SerialSink serialSink() {
        String serial = options.serial();
        return switch (serial) {
            case "stdio" -> sink(new FileOutputStream(FileDescriptor.out));
            case "none" -> value -> {};
            default -> fileSink("--serial", serial, "stdio, file:PATH or none");
        };
    }

    private SerialSink consoleSink() {
        return options.console == MachineOptions.ConsoleName.virtio
                ? sink(new FileOutputStream(FileDescriptor.out))
                : value -> {};
    }

    private SerialSink debugSink() {
        return switch (options.debugConsole) {
            case "stderr" -> sink(new FileOutputStream(FileDescriptor.err));
            case "none" -> value -> {};
            default -> fileSink("--debug-console", options.debugConsole, "stderr, file:PATH or none");
        };
    }

    private SerialSink fileSink(String option, String value, String forms) {
        if (!value.startsWith("file:") || value.length() == 5) {
            throw new UserError("%s %s: say %s".formatted(option, value, forms));
        }
        try {
            OutputStream out = Files.newOutputStream(Path.of(value.substring(5)));
            opened(out);
            return sink(out);
        } catch (IOException e) {
            throw UserError.cannotWrite(value.substring(5), e);
        }
    }

    private SerialSink sink(OutputStream out) {
        BufferedSink sink = opened(new BufferedSink(out, this::outputFailed));
        return sink::accept;
    }

    private void outputFailed(IOException e) {
        lost("the guest's output cannot be written (%s); make room, or check where it goes"
                .formatted(UserError.reason(e)));
    }

    /** Ends the machine: nobody would see what it does. */
    private void lost(String what) {
        loss = new UserError(what);
        Pc machine = pc;
        if (machine != null) {
            machine.end();
        }
    }

    private Consumer<String> traceLines() {
        Path file = options.traceFiles().slices();
        if (file == null) {
            return null;
        }
        try {
            BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.US_ASCII);
            opened(() -> {
                try {
                    out.close();
                } catch (IOException e) {
                    traceFailed(file, e);
                }
            });
            return line -> {
                try {
                    out.write(line);
                    out.write('\n');
                } catch (IOException e) {
                    traceFailed(file, e);
                }
            };
        } catch (IOException e) {
            throw UserError.cannotWrite(file, e);
        }
    }

    private void traceFailed(Path file, IOException e) {
        lost("the trace %s is not complete (%s); make room for it".formatted(file, UserError.reason(e)));
    }

    private <T extends AutoCloseable> T opened(T resource) {
        opened.push(resource);
        return resource;
    }

    private void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                Messages.say("something could not be closed: " + e);
            }
        }
    }
}
