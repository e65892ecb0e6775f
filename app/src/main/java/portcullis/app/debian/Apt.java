package portcullis.app.debian;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The system's apt, asked for packages but never to install any. */
final class Apt {
    private static final Pattern DEPENDS = Pattern.compile("(?m)^\\s*Depends: (linux-image-\\d\\S*)$");
    private static final Pattern CANDIDATE = Pattern.compile("(?m)^\\s*Candidate: (\\S+)$");
    /** Kernel images are for x86-64 whatever the host is. */
    private static final List<String> ARCHITECTURE =
            List.of("-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64");

    private final Path cache;
    /** Options for lists of our own, where the system's are missing and cannot be fetched. */
    private List<String> state = List.of();

    /** @param cache a folder for lists and downloads */
    Apt(Path cache) {
        this.cache = cache;
    }

    /** Whether the host has the tools. */
    static boolean available() {
        return onPath("apt-get") && onPath("apt-cache") && onPath("dpkg-deb");
    }

    private static boolean onPath(String tool) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, tool))) {
                return true;
            }
        }
        return false;
    }

    /** The newest version of a package, or nothing. */
    Optional<String> candidate(String name) throws IOException, InterruptedException {
        Matcher match = CANDIDATE.matcher(run(command("apt-cache", "policy", name), cache));
        return match.find() && !match.group(1).equals("(none)") ? Optional.of(match.group(1)) : Optional.empty();
    }

    /** The image that a kernel meta-package stands for today, or nothing where there is no such package. */
    Optional<String> kernelOf(String metaPackage) throws IOException, InterruptedException {
        if (candidate(metaPackage).isEmpty()) {
            return Optional.empty();
        }
        Matcher match = DEPENDS.matcher(run(command("apt-cache", "depends", metaPackage), cache));
        return match.find() ? Optional.of(match.group(1)) : Optional.empty();
    }

    /** Fetches package lists: the system's as root, else lists of our own. */
    void update() throws IOException, InterruptedException {
        if (!"root".equals(System.getProperty("user.name"))
                || !System.getProperty("os.arch").equals("amd64")) {
            Path lists =
                    Files.createDirectories(cache.resolve("apt/lists/partial")).getParent();
            Path archives = Files.createDirectories(cache.resolve("apt/cache/archives/partial"))
                    .getParent()
                    .getParent();
            state = List.of("-o", "Dir::State::Lists=" + lists, "-o", "Dir::Cache=" + archives);
        }
        run(command("apt-get", "-q", "update"), cache);
    }

    /** Downloads a package and unpacks it into a folder. */
    void unpack(String name, Path into) throws IOException, InterruptedException {
        Path downloads = Files.createTempDirectory(cache, "download");
        try {
            run(command("apt-get", "-q", "download", name), downloads);
            try (DirectoryStream<Path> packages = Files.newDirectoryStream(downloads, "*.deb")) {
                for (Path file : packages) {
                    run(List.of("dpkg-deb", "-x", file.toString(), into.toString()), downloads);
                }
            }
        } finally {
            Folders.delete(downloads);
        }
    }

    private List<String> command(String tool, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(tool);
        command.addAll(ARCHITECTURE);
        command.addAll(state);
        command.addAll(List.of(arguments));
        return command;
    }

    /** @throws IOException where it ends with another status than 0, with the last line it printed */
    private static String run(List<String> command, Path folder) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String printed;
        try {
            printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } finally {
            process.destroy();
        }
        int status = process.waitFor();
        if (status != 0) {
            String reason = printed.lines()
                    .filter(line -> line.startsWith("E:") || line.contains("error"))
                    .findFirst()
                    .orElse("status " + status);
            throw new IOException(
                    "'%s %s' failed: %s".formatted(command.getFirst(), command.getLast(), reason.strip()));
        }
        return printed;
    }
}
