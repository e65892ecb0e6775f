package portcullis.machine.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.machine.loader.FlatImage;
import portcullis.machine.loader.KernelLoader;
import portcullis.state.StateException;

/** A machine's configuration as the texts of a state file, and back. */
public final class SavedConfig {
    private static final String PROCESSORS = "processors";
    private static final String MEMORY = "memory";
    private static final String TIME = "time";
    private static final String DISKS = "disks";
    private static final String CONSOLE = "console";
    private static final String HYPERV = "hyperv";

    private static final String KERNEL = "kernel";
    private static final String FLAT = "flat image";
    private static final String FORMAT = "kernel format";
    private static final String APPEND = "kernel command line";
    private static final String MODULE = "module ";
    private static final String DISK = "disk ";

    private static final String READ_ONLY = " bytes, read-only";
    private static final String READ_WRITE = " bytes";

    private static final String HOST_TIME = "host";
    private static final String VIRTUAL_TIME = "virtual, seed ";
    private static final Pattern VIRTUAL = Pattern.compile(VIRTUAL_TIME + "(-?\\d+), (.*), inhibits (\\d+)");

    private SavedConfig() {}

    /** What must be alike: topics of a state file's shape, but for those that partition and engine tell themselves. */
    public static Map<String, String> shape(MachineConfig config) {
        Map<String, String> topics = new LinkedHashMap<>();
        topics.put(PROCESSORS, Integer.toString(config.processors()));
        topics.put(MEMORY, config.ramBytes() / 1024 + " KiB");
        topics.put(CONSOLE, config.console().name().toLowerCase(Locale.ROOT));
        topics.put(
                TIME,
                switch (config.time()) {
                    case TimeSource.Host() -> HOST_TIME;
                    case TimeSource.Virtual virtual ->
                        VIRTUAL_TIME + virtual.seed() + ", " + virtual.schedule() + ", inhibits " + virtual.inhibits();
                });
        return topics;
    }

    /** The topic of disks: size and rights of each. */
    public static Map.Entry<String, String> disks(List<DiskFile> disks, List<Long> sizes) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < disks.size(); i++) {
            texts.add(sizes.get(i) + (disks.get(i).readOnly() ? READ_ONLY : READ_WRITE));
        }
        return Map.entry(DISKS, String.join(", ", texts));
    }

    /** What may have moved: where the files are that the machine was made of. */
    public static Map<String, String> notes(MachineConfig config) {
        Map<String, String> notes = new LinkedHashMap<>();
        BootFiles boot = config.boot();
        if (boot.flat() != null) {
            notes.put(FLAT, boot.flat().spell());
        } else {
            notes.put(KERNEL, absolute(boot.kernel()));
        }
        notes.put(FORMAT, boot.format().name());
        notes.put(APPEND, boot.append());
        for (int i = 0; i < boot.modules().size(); i++) {
            notes.put(MODULE + i, absolute(boot.modules().get(i).path()));
            notes.put(MODULE + i + " words", boot.modules().get(i).commandLine());
        }
        for (int i = 0; i < config.disks().size(); i++) {
            notes.put(DISK + i, absolute(config.disks().get(i).path()));
        }
        return notes;
    }

    /** How a disk image is recognised: it must not have changed between saving and restoring. */
    public static void noteDisk(BiConsumer<String, String> notes, int number, DiskFile disk) throws IOException {
        notes.accept(DISK + number + " time", modified(disk.path()));
    }

    private static String modified(Path path) throws IOException {
        return Files.getLastModifiedTime(path).toInstant().toString();
    }

    /**
     * Whether the disks of a saved machine are as they were.
     *
     * @throws StateException for one that is not
     */
    public static void checkDisks(SavedMachine saved) {
        for (int i = 0; saved.notes().containsKey(DISK + i); i++) {
            Path path = Path.of(saved.notes().get(DISK + i));
            String then = saved.notes().get(DISK + i + " time");
            try {
                if (then != null && !then.equals(modified(path))) {
                    throw new StateException(
                            "%s was written to after %s was saved; use a copy made then, or name it with --disk to use it as it is"
                                    .formatted(path, saved.path()));
                }
            } catch (IOException gone) {
                throw new StateException(
                        "%s, a disk of the saved machine, cannot be read; name it with --disk".formatted(path));
            }
        }
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    /**
     * The configuration of the machine that was saved.
     *
     * @throws StateException where this build cannot make such a machine
     */
    public static MachineConfig of(SavedMachine saved) {
        try {
            Map<String, String> notes = saved.notes();
            Map<String, String> shape = saved.shape();
            List<DiskFile> disks = new ArrayList<>();
            for (String disk : need(shape, DISKS).split(", ")) {
                if (!disk.isEmpty()) {
                    disks.add(new DiskFile(Path.of(need(notes, DISK + disks.size())), disk.endsWith(READ_ONLY)));
                }
            }
            return new MachineConfig(
                    Integer.parseInt(need(shape, PROCESSORS)),
                    Long.parseLong(need(shape, MEMORY).replace(" KiB", "")) * 1024,
                    boot(notes),
                    disks,
                    time(need(shape, TIME)),
                    ConsoleKind.valueOf(need(shape, CONSOLE).toUpperCase(Locale.ROOT)),
                    HypervConfig.described(need(shape, HYPERV)));
        } catch (IllegalArgumentException impossible) {
            throw new StateException("%s is of a machine that this build cannot make: %s"
                    .formatted(saved.path(), impossible.getMessage()));
        }
    }

    private static BootFiles boot(Map<String, String> notes) {
        if (notes.containsKey(FLAT)) {
            return BootFiles.of(FlatImage.parse(notes.get(FLAT)));
        }
        List<BootFiles.ModuleFile> modules = new ArrayList<>();
        for (int i = 0; notes.containsKey(MODULE + i); i++) {
            modules.add(new BootFiles.ModuleFile(Path.of(notes.get(MODULE + i)), need(notes, MODULE + i + " words")));
        }
        return new BootFiles(
                Path.of(need(notes, KERNEL)),
                KernelLoader.Format.valueOf(need(notes, FORMAT)),
                modules,
                need(notes, APPEND));
    }

    /** How long a run may take is no part of a machine. */
    private static TimeSource time(String text) {
        if (text.equals(HOST_TIME)) {
            return new TimeSource.Host();
        }
        Matcher virtual = VIRTUAL.matcher(text);
        if (!virtual.matches()) {
            throw new IllegalArgumentException("its time is '%s'".formatted(text));
        }
        return new TimeSource.Virtual(
                Long.parseLong(virtual.group(1)),
                Schedule.parse(virtual.group(2)),
                TimeSource.Virtual.NO_LIMIT,
                Long.parseLong(virtual.group(3)));
    }

    private static String need(Map<String, String> texts, String topic) {
        String text = texts.get(topic);
        if (text == null) {
            throw new IllegalArgumentException("nothing is said of its " + topic);
        }
        return text;
    }
}
