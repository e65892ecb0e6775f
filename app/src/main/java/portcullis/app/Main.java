package portcullis.app;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Where the process starts. Standard output belongs to the guest; all that Portcullis itself says goes to standard error. */
@Command(
        name = "portcullis",
        mixinStandardHelpOptions = false,
        subcommands = {
            RunCommand.class,
            DemoCommand.class,
            BootCommand.class,
            ExploreCommand.class,
            TraceCommand.class,
            VersionCommand.class,
            RehearseCommand.class
        },
        header = {"A virtual x86-64 PC in Java: runs unmodified kernels on any machine with a JDK.", ""},
        synopsisHeading = "Usage: ",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nTo begin with:%n",
        footer = {
            "  portcullis demo            the flush gate at work, in seconds",
            "  portcullis boot debian     a Linux shell on this terminal (needs apt)",
            "  portcullis run --help      your own kernel, and all the options"
        })
public final class Main implements Runnable {
    private static final int HELP_WIDTH = 120;

    @CommandLine.Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Shows this help.")
    private boolean help;

    @CommandLine.Option(names = "--version", description = "Shows versions, like the command.")
    private boolean version;

    @Spec
    private CommandSpec spec;

    /** Starts Portcullis and ends the process with its exit status. */
    public static void main(String[] arguments) {
        System.exit(execute(new PrintWriter(System.err, true, StandardCharsets.UTF_8), arguments));
    }

    /**
     * Runs one command line.
     *
     * @param messages takes everything but the guest's output
     * @return the process's exit status, see {@link ExitStatus}
     */
    static int execute(PrintWriter messages, String... arguments) {
        CommandLine line = new CommandLine(new Main());
        line.setErr(messages);
        line.setUsageHelpWidth(HELP_WIDTH);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(Path.class, Main::file);
        line.registerConverter(Integer.class, text -> number(text, Integer::valueOf));
        line.registerConverter(int.class, text -> number(text, Integer::valueOf));
        line.registerConverter(Long.class, text -> number(text, Long::valueOf));
        line.setParameterExceptionHandler((problem, given) -> reportUsage(problem, messages));
        line.setExecutionExceptionHandler((problem, command, parsed) -> {
            if (problem instanceof UserError) {
                messages.println("portcullis: " + problem.getMessage());
                return ExitStatus.BAD_INPUT;
            }
            throw problem;
        });
        return line.execute(arguments);
    }

    /** The empty path is the current folder to Java, and a variable that is not set to whoever has written it. */
    private static Path file(String text) {
        if (text.isBlank()) {
            throw new TypeConversionException("a file without a name; is a variable empty?");
        }
        return Path.of(text);
    }

    private static <N> N number(String text, Function<String, N> convert) {
        try {
            return convert.apply(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'%s' is no number, or one that is too large".formatted(text));
        }
    }

    private static int reportUsage(ParameterException problem, PrintWriter messages) {
        messages.println("portcullis: " + problem.getMessage());
        if (problem instanceof UnmatchedArgumentException unmatched) {
            suggest(unmatched, messages);
        }
        messages.println("See '" + problem.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitStatus.BAD_INPUT;
    }

    private static void suggest(UnmatchedArgumentException problem, PrintWriter messages) {
        boolean running = problem.getCommandLine().getCommandName().equals("run");
        if (running && !problem.isUnknownOption()) {
            messages.println("Did you mean: portcullis run --kernel "
                    + problem.getUnmatched().getFirst());
        } else {
            UnmatchedArgumentException.printSuggestions(problem, messages);
        }
    }

    @Override
    public void run() {
        if (version) {
            new VersionCommand().call();
            return;
        }
        throw new ParameterException(spec.commandLine(), "say what to do: " + String.join(", ", commands()));
    }

    private Iterable<String> commands() {
        return spec.subcommands().entrySet().stream()
                .filter(entry ->
                        !entry.getValue().getCommandSpec().usageMessage().hidden())
                .map(java.util.Map.Entry::getKey)
                .toList();
    }
}
