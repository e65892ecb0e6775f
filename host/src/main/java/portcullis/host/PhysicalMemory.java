package portcullis.host;

/** As a trust level sees it: overlay pages lie over what is below them. */
final class PhysicalMemory extends Memory {
    private final Machine machine;
    private final int level;

    PhysicalMemory(Machine machine, int level) {
        super(machine);
        this.machine = machine;
        this.level = level;
    }

    @Override
    long backing(long gpa) {
        return machine.open().memory().view(level).resolve(gpa);
    }
}
