package portcullis.machine.loader;

/** Recognises what a kernel image is and loads it by the protocol that fits. */
public final class KernelLoader {
    /** Which protocol a kernel is booted by. */
    public enum Format {
        /** Whatever the image says it is. */
        AUTO,
        /** Multiboot 1, refused where the image has no such header. */
        MULTIBOOT
    }

    private KernelLoader() {}

    /**
     * Loads a kernel and all that goes with it into guest memory.
     *
     * @return the state that the first processor starts in
     * @throws LoadException where something of it cannot be loaded; guest memory is then in no particular state
     */
    public static EntryState load(BootRequest request, Format format) throws LoadException {
        Image kernel = request.kernel();
        Placement placement = new Placement(request.memory(), request.map(), request.progress());
        // As other loaders do: a multiboot header wins, for an ELF kernel may have several ways in.
        MultibootHeader multiboot = MultibootHeader.find(kernel);
        if (multiboot != null) {
            return new MultibootLoader(request, placement).load(multiboot);
        }
        if (format == Format.MULTIBOOT) {
            throw new LoadException(
                    "%s is no multiboot kernel: its first 8 KiB hold no multiboot 1 header; boot it without --multiboot"
                            .formatted(kernel.name()));
        }
        if (ElfImage.recognises(kernel)) {
            ElfImage elf = ElfImage.parse(kernel);
            return elf.pvhEntry() == ElfImage.NO_ENTRY
                    ? new LinuxLoader(request, placement).loadElf(elf)
                    : new PvhLoader(request, placement).load(elf);
        }
        BzImage linux = BzImage.parse(kernel);
        if (linux != null) {
            return new LinuxLoader(request, placement).loadBzImage(linux);
        }
        if (BootSectorLoader.recognises(kernel)) {
            return BootSectorLoader.load(request, placement);
        }
        throw new LoadException(
                "%s is no kernel that can be booted: it is neither a Linux bzImage, an ELF file, multiboot nor a boot sector; "
                                .formatted(kernel.name())
                        + "give an x86 kernel image");
    }
}
