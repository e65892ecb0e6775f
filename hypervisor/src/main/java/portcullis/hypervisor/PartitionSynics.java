package portcullis.hypervisor;

import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.synic.SynicDirectory;

/** Finds the SynICs of a partition's VPs. */
record PartitionSynics(Partition partition) implements SynicDirectory {
    @Override
    public int processors() {
        return partition.processors().size();
    }

    @Override
    public Synic synic(int vp, int vtl) {
        if (vp < 0 || vp >= processors()) {
            return null;
        }
        VtlContext context = partition.processors().get(vp).context(vtl);
        return context == null ? null : context.synic();
    }
}
