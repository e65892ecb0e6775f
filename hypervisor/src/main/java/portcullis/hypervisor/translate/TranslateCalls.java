package portcullis.hypervisor.translate;

import java.util.List;
import portcullis.engine.Register;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Bits;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.engine.TranslationRequest.Smap;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.TargetVp;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;
import portcullis.tlfs.call.RegisterCalls.TranslateGvaResult;
import portcullis.tlfs.call.RegisterCalls.TranslateVirtualAddressExOutput;
import portcullis.tlfs.call.RegisterCalls.TranslateVirtualAddressInput;
import portcullis.tlfs.call.RegisterCalls.TranslateVirtualAddressOutput;

/**
 * Translates a guest virtual address as a VP would at one of its trust levels. The call succeeds whatever the walk comes to:
 * that is in its output.
 */
public final class TranslateCalls {
    private static final long KNOWN_FLAGS = TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_READ
            | TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_WRITE
            | TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_EXECUTE
            | TranslateVirtualAddressInput.CONTROL_FLAGS_PRIVILEGE_EXEMPT
            | TranslateVirtualAddressInput.CONTROL_FLAGS_SET_PAGE_TABLE_BITS
            | TranslateVirtualAddressInput.CONTROL_FLAGS_TLB_FLUSH_INHIBIT
            | TranslateVirtualAddressInput.CONTROL_FLAGS_SUPERVISOR_ACCESS
            | TranslateVirtualAddressInput.CONTROL_FLAGS_USER_ACCESS
            | TranslateVirtualAddressInput.CONTROL_FLAGS_ENFORCE_SMAP
            | TranslateVirtualAddressInput.CONTROL_FLAGS_OVERRIDE_SMAP
            | TranslateVirtualAddressInput.CONTROL_FLAGS_INPUT_VTL_MASK
                    << TranslateVirtualAddressInput.CONTROL_FLAGS_INPUT_VTL_SHIFT;

    /** HV_INPUT_VTL in bits 63:56 of the flags. */
    private static final int LEVEL = TranslateVirtualAddressInput.CONTROL_FLAGS + 7;

    private static final int PAGE_SHIFT = 12;
    private static final long CR0_PG = 1L << 31;
    private static final long EFER_LMA = 1 << 10;
    /** HV_CACHE_TYPE has no UC-. */
    private static final int UNCACHED_MINUS = 7;

    private TranslateCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(
                        HypercallCode.TRANSLATE_VIRTUAL_ADDRESS,
                        call -> translate(call, TranslateVirtualAddressOutput.GPA_PAGE)),
                new Hypercall(
                        HypercallCode.TRANSLATE_VIRTUAL_ADDRESS_EX,
                        call -> translate(call, TranslateVirtualAddressExOutput.GPA_PAGE)));
    }

    private static int translate(CallContext call, int gpaOffset) {
        TargetVp target = TargetVp.of(
                call, TranslateVirtualAddressInput.PARTITION_ID, TranslateVirtualAddressInput.VP_INDEX, LEVEL);
        if (target.status() != HvStatus.SUCCESS) {
            return target.status();
        }
        long flags = call.inputLong(TranslateVirtualAddressInput.CONTROL_FLAGS);
        long page = call.inputLong(TranslateVirtualAddressInput.GVA_PAGE);
        TranslationRequest request = request(flags);
        if (request == null || page >>> 64 - PAGE_SHIFT != 0) {
            return HvStatus.INVALID_PARAMETER;
        }
        boolean inhibit = (flags & TranslateVirtualAddressInput.CONTROL_FLAGS_TLB_FLUSH_INHIBIT) != 0;
        if (inhibit && target.context().level() >= call.level().level()) {
            // Only a higher level emulates for a lower one; a level that shut its own gate could open it no more.
            return HvStatus.INVALID_PARAMETER;
        }
        VirtualProcessor vp = target.vp();
        int level = target.context().level();
        // Before the walk: a flush that passes after it would leave the caller with a translation that is gone.
        int by = call.level().level();
        boolean held = target.context()
                .flushInhibitHeldBy(InhibitReason.INTERCEPT, call.vp().index(), by);
        if (inhibit) {
            vp.inhibitFlushes(level, InhibitReason.INTERCEPT, call.vp(), by);
        }
        // A page that is hidden meanwhile is neither looked at nor marked once the call that hides it has returned.
        MemoryView view = call.partition().memory().view(level);
        vp.callFrom(call.vp(), () -> {
            int code = view.steady(() -> walk(call, vp, view, page << PAGE_SHIFT, request, gpaOffset));
            call.outputInt(0, code);
        });
        if (inhibit && !held && call.outputInt(0) != TranslateGvaResult.SUCCESS) {
            vp.releaseFlushes(level, InhibitReason.INTERCEPT, call.vp(), by);
        }
        return HvStatus.SUCCESS;
    }

    /** @return null where flags contradict each other or are reserved */
    private static TranslationRequest request(long flags) {
        boolean supervisor = has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_SUPERVISOR_ACCESS);
        boolean user = has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_USER_ACCESS);
        boolean exempt = has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_PRIVILEGE_EXEMPT);
        boolean enforce = has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_ENFORCE_SMAP);
        boolean override = has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_OVERRIDE_SMAP);
        if ((flags & ~KNOWN_FLAGS) != 0 || supervisor && user || enforce && override) {
            return null;
        }
        Privilege privilege = Privilege.CURRENT;
        if (exempt) {
            privilege = Privilege.EXEMPT;
        } else if (supervisor || user) {
            privilege = user ? Privilege.USER : Privilege.SUPERVISOR;
        }
        Smap smap = Smap.CURRENT;
        if (enforce || override) {
            smap = enforce ? Smap.ENFORCED : Smap.OVERRIDDEN;
        }
        return new TranslationRequest(
                has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_READ),
                has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_WRITE),
                has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_VALIDATE_EXECUTE),
                privilege,
                smap,
                has(flags, TranslateVirtualAddressInput.CONTROL_FLAGS_SET_PAGE_TABLE_BITS) ? Bits.SET : Bits.KEEP);
    }

    private static boolean has(long flags, long flag) {
        return (flags & flag) != 0;
    }

    /** On the target's thread. @return an HV_TRANSLATE_GVA_RESULT_CODE; the rest of the output is written */
    private static int walk(
            CallContext call,
            VirtualProcessor vp,
            MemoryView view,
            long gva,
            TranslationRequest request,
            int gpaOffset) {
        VirtualCpu cpu = vp.cpu();
        int active = cpu.context();
        Translation found;
        cpu.switchContext(view.level());
        try {
            found = beyondMode(cpu, gva)
                    ? new Translation(Translation.Result.INVALID_GVA, gva, false, 0)
                    : cpu.translate(gva, request);
        } finally {
            cpu.switchContext(active);
        }
        int code = switch (found.result()) {
            // What is no address in this paging mode is on no page (TLFS 6.0b, HvTranslateVirtualAddress).
            case NOT_PRESENT, INVALID_GVA -> TranslateGvaResult.PAGE_NOT_PRESENT;
            case PRIVILEGE_VIOLATION -> TranslateGvaResult.PRIVILEGE_VIOLATION;
            case RESERVED_BITS -> TranslateGvaResult.INVALID_PAGE_TABLE_FLAGS;
            case INVALID_GPA -> TranslateGvaResult.GPA_UNMAPPED;
            case NO_ACCESS -> TranslateGvaResult.GPA_NO_READ_ACCESS;
            case SUCCESS -> access(call.partition().memory(), view, found.gpa(), request);
        };
        if (code == TranslateGvaResult.SUCCESS || code >= TranslateGvaResult.GPA_UNMAPPED) {
            // The page that the address is on, or that which cannot be accessed: a page table's, perhaps.
            call.outputLong(gpaOffset, found.gpa() >>> PAGE_SHIFT);
        }
        if (code != TranslateGvaResult.SUCCESS) {
            return code;
        }
        boolean overlay = view.isOverlaid(found.gpa());
        int type = found.memoryType() == UNCACHED_MINUS ? 0 : found.memoryType();
        call.outputInt(
                TranslateGvaResult.ATTRIBUTES, type | (overlay ? TranslateGvaResult.ATTRIBUTES_OVERLAY_PAGE : 0));
        return TranslateGvaResult.SUCCESS;
    }

    /** Whether paging outside long mode has no such address; canonical addresses are the engine's business. */
    private static boolean beyondMode(VirtualCpu cpu, long gva) {
        boolean paging = (cpu.get(Register.CR0) & CR0_PG) != 0;
        return paging && (cpu.get(Register.EFER) & EFER_LMA) == 0 && gva >>> 32 != 0;
    }

    /** Whether what the address is translated to can be accessed as the request has it. */
    private static int access(GuestMemory memory, MemoryView view, long gpa, TranslationRequest request) {
        boolean overlay = view.isOverlaid(gpa);
        if (!overlay && memory.segmentAt(gpa) == null) {
            return TranslateGvaResult.GPA_UNMAPPED;
        }
        if (request.read() && !view.readable(gpa, 1)) {
            return TranslateGvaResult.GPA_NO_READ_ACCESS;
        }
        if (request.write() && !view.writable(gpa, 1)) {
            boolean refused = (view.restrictions(gpa) & (Protection.READ | Protection.WRITE)) != 0;
            return overlay && !refused
                    ? TranslateGvaResult.GPA_ILLEGAL_OVERLAY_ACCESS
                    : TranslateGvaResult.GPA_NO_WRITE_ACCESS;
        }
        return TranslateGvaResult.SUCCESS;
    }
}
