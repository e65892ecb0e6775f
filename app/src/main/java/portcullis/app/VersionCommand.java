package portcullis.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code portcullis version}. */
@Command(name = "version", description = "Prints the versions of Portcullis, Java and the host.")
final class VersionCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        String version = Main.class.getPackage().getImplementationVersion();
        System.out.printf(
                "Portcullis %s%nJava %s (%s)%n%s %s%n",
                version == null ? "(not packaged)" : version,
                Runtime.version(),
                System.getProperty("java.vendor"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"));
        return ExitStatus.SUCCESS;
    }
}
