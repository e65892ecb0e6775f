package portcullis.hypervisor.vsm;

import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.hyperv.HypercallPage;
import portcullis.hypervisor.registers.RegisterGroup;
import portcullis.hypervisor.registers.RegisterValue;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VsmRegisters.CrInterceptControl;
import portcullis.tlfs.register.VsmRegisters.VsmCapabilities;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;
import portcullis.tlfs.register.VsmRegisters.VsmVina;
import portcullis.tlfs.register.VsmRegisters.VsmVpSecureVtlConfig;
import portcullis.tlfs.register.VsmRegisters.VsmVpStatus;
import portcullis.tlfs.register.VsmRegisters.VsmVpWaitForTlbLock;

/** The VSM registers of one trust level of one VP (TLFS vsm.md). On the VP's thread, with the engine's context on the level. */
public final class VsmRegisters implements RegisterGroup {

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VtlContext context;
    private final int level;

    public VsmRegisters(Partition partition, VirtualProcessor vp, VtlContext context) {
        this.partition = partition;
        this.vp = vp;
        this.context = context;
        level = context.level();
    }

    /** The lower level that HvRegisterVsmVpSecureConfigVtl{@code n} is about, or -1. */
    private int lower(HvRegister name) {
        int number = name.code() - HvRegister.VSM_VP_SECURE_CONFIG_VTL0.code();
        return number >= 0 && number < level ? number : -1;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        switch (name) {
            case VSM_CODE_PAGE_OFFSETS -> into.set(HypercallPage.offsets(wide()));
            case VSM_VP_STATUS -> into.set(status());
            case VSM_PARTITION_STATUS -> into.set(partition.trustLevels().status());
            case VSM_CAPABILITIES -> into.set(capabilities());
            default -> {
                return level == 0 ? HvStatus.INVALID_PARAMETER : readOwn(name, into);
            }
        }
        return HvStatus.SUCCESS;
    }

    private int readOwn(HvRegister name, RegisterValue into) {
        SecureConfig config = context.secureConfig();
        switch (name) {
            case VSM_VINA -> into.set(config.vina().asUint64());
            case VSM_PARTITION_CONFIG ->
                into.set(partition.trustLevels().config(level).asUint64());
            case VSM_VP_WAIT_FOR_TLB_LOCK -> into.set(0);
            case CR_INTERCEPT_CONTROL -> into.set(config.interceptControl());
            case CR_INTERCEPT_CR0_MASK, CR_INTERCEPT_CR4_MASK, CR_INTERCEPT_IA32_MISC_ENABLE_MASK ->
                into.set(config.interceptMask(mask(name)));
            default -> {
                if (lower(name) < 0) {
                    return HvStatus.INVALID_PARAMETER;
                }
                into.set(config.lower(lower(name)));
            }
        }
        return HvStatus.SUCCESS;
    }

    private static int mask(HvRegister name) {
        return name.code() - HvRegister.CR_INTERCEPT_CR0_MASK.code();
    }

    private boolean wide() {
        return vp.cpu().executes64BitCode();
    }

    private long status() {
        int active = vp.context().level();
        return (long) active << VsmVpStatus.ACTIVE_VTL_SHIFT
                | (vp.mbecEnabled(active) ? VsmVpStatus.ACTIVE_MBEC_ENABLED : 0)
                | (long) vp.enabledLevels() << VsmVpStatus.ENABLED_VTL_SET_SHIFT;
    }

    /** MBEC for the levels that have one above them; DR6 is each level's own. */
    private long capabilities() {
        int maximum = partition.trustLevels().maximum();
        long mbec = partition.engine().capabilities().executeProtection() ? (1L << maximum) - 1 : 0;
        return mbec << VsmCapabilities.MBEC_VTL_MASK_SHIFT | VsmCapabilities.DENY_LOWER_VTL_STARTUP;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        if (level == 0) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (value.high != 0) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        SecureConfig config = context.secureConfig();
        return switch (name) {
            case VSM_VINA -> writeVina(config, value.low);
            case VSM_PARTITION_CONFIG -> writePartitionConfig(value.low);
            case VSM_VP_WAIT_FOR_TLB_LOCK -> waitForTlbLock(value.low);
            case CR_INTERCEPT_CONTROL -> {
                boolean offered = vp.registerIntercept().offered();
                if ((value.low & CrInterceptControl.RESERVED) != 0 || value.low != 0 && !offered) {
                    yield HvStatus.INVALID_REGISTER_VALUE;
                }
                config.setInterceptControl(value.low);
                vp.registerIntercept().changed();
                yield HvStatus.SUCCESS;
            }
            case CR_INTERCEPT_CR0_MASK, CR_INTERCEPT_CR4_MASK, CR_INTERCEPT_IA32_MISC_ENABLE_MASK -> {
                config.setInterceptMask(mask(name), value.low);
                vp.registerIntercept().changed();
                yield HvStatus.SUCCESS;
            }
            default -> lower(name) < 0 ? HvStatus.INVALID_PARAMETER : writeLower(config, lower(name), value.low);
        };
    }

    private int writeVina(SecureConfig config, long value) {
        VsmVina before = config.vina();
        VsmVina now = new VsmVina(value);
        if (now.enabled() && now.vector() < 0x10) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        if (before.enabled() && before.autoEoi()) {
            context.apic().setAutoEoi(before.vector(), false);
        }
        config.setVina(value);
        if (now.enabled() && now.autoEoi()) {
            context.apic().setAutoEoi(now.vector(), true);
        }
        if (vp.context() == context) {
            // What a lower level could take already is ready, too.
            vp.levels().notifyOfLowerInterrupt();
        }
        return HvStatus.SUCCESS;
    }

    private int writePartitionConfig(long value) {
        VsmPartitionConfig wanted = new VsmPartitionConfig(value);
        boolean begins = wanted.enableVtlProtection()
                && !partition.trustLevels().config(level).enableVtlProtection();
        if ((value & VsmPartitionConfig.RESERVED) != 0
                || begins && !Protections.combines(wanted.defaultVtlProtectionMask())) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        partition.protections().configure(level, wanted);
        return HvStatus.SUCCESS;
    }

    private int waitForTlbLock(long value) {
        if ((value & VsmVpWaitForTlbLock.RESERVED) != 0) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        for (int below = level - 1; below >= 0; below--) {
            if (vp.context(below) != null) {
                vp.context(below).awaitTlbLock((value & VsmVpWaitForTlbLock.WAIT) != 0);
                break;
            }
        }
        return HvStatus.SUCCESS;
    }

    private int writeLower(SecureConfig config, int below, long value) {
        VsmVpSecureVtlConfig wanted = new VsmVpSecureVtlConfig(value);
        boolean mbecRefused = wanted.mbecEnabled() && !partition.trustLevels().mbec(level);
        if ((value & VsmVpSecureVtlConfig.RESERVED) != 0 || mbecRefused) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        if (vp.context(below) == null) {
            return HvStatus.INVALID_VTL_STATE;
        }
        boolean locked = new VsmVpSecureVtlConfig(config.lower(below)).tlbLocked();
        config.setLower(below, value);
        InhibitReason reason = InhibitReason.lockedBy(level);
        if (wanted.tlbLocked() && !locked) {
            vp.inhibitFlushes(below, reason, vp, level);
        } else if (!wanted.tlbLocked() && locked) {
            vp.releaseFlushes(below, reason, vp, level);
        }
        vp.mbecChanged(below);
        return HvStatus.SUCCESS;
    }
}
