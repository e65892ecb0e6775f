package portcullis.tlfs.register;

import portcullis.tlfs.layout.Layout;
import portcullis.tlfs.register.ValueLayouts.SegmentRegister;
import portcullis.tlfs.register.ValueLayouts.TableRegister;

/**
 * HV_INITIAL_VP_CONTEXT, x64: the private state with which a trust level, or a processor, starts. Source: TLFS
 * hv_initial_vp_context.md.
 */
public final class InitialVpContext {
    public static final int RIP = 0;
    public static final int RSP = 8;
    public static final int RFLAGS = 16;
    public static final int CS = 24;
    public static final int DS = 40;
    public static final int ES = 56;
    public static final int FS = 72;
    public static final int GS = 88;
    public static final int SS = 104;
    public static final int TR = 120;
    public static final int LDTR = 136;
    public static final int IDTR = 152;
    public static final int GDTR = 168;
    public static final int EFER = 184;
    public static final int CR0 = 192;
    public static final int CR3 = 200;
    public static final int CR4 = 208;
    public static final int MSR_CR_PAT = 216;
    public static final int SIZE = 224;

    public static final Layout LAYOUT = Layout.of("HV_INITIAL_VP_CONTEXT")
            .u64("Rip")
            .u64("Rsp")
            .u64("Rflags")
            .structure("Cs", SegmentRegister.LAYOUT)
            .structure("Ds", SegmentRegister.LAYOUT)
            .structure("Es", SegmentRegister.LAYOUT)
            .structure("Fs", SegmentRegister.LAYOUT)
            .structure("Gs", SegmentRegister.LAYOUT)
            .structure("Ss", SegmentRegister.LAYOUT)
            .structure("Tr", SegmentRegister.LAYOUT)
            .structure("Ldtr", SegmentRegister.LAYOUT)
            .structure("Idtr", TableRegister.LAYOUT)
            .structure("Gdtr", TableRegister.LAYOUT)
            .u64("Efer")
            .u64("Cr0")
            .u64("Cr3")
            .u64("Cr4")
            .u64("MsrCrPat")
            .build(SIZE);

    private InitialVpContext() {}
}
