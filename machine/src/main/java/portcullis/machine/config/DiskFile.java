package portcullis.machine.config;

import java.nio.file.Path;

/** A raw disk image. */
public record DiskFile(Path path, boolean readOnly) {}
