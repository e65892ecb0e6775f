package portcullis.hypervisor.hyperv;

import java.nio.ByteBuffer;
import portcullis.engine.Engine;
import portcullis.tlfs.HypercallCode;
import portcullis.tlfs.register.VsmRegisters.VsmCodePageOffsets;

/**
 * The code in the hypercall page (TLFS, "Establishing the Hypercall Interface"; vsm.md, "Hypercall Page Assist"): at 0 a
 * hypercall, which serves 32- and 64-bit callers alike; behind it the ways to call and to leave a trust level, for each of them.
 */
public final class HypercallPage {
    private static final byte[] VMCALL = {0x0f, 0x01, (byte) 0xc1};
    private static final byte[] VMMCALL = {0x0f, 0x01, (byte) 0xd9};
    private static final byte RET = (byte) 0xc3;

    private static final int CALL_64 = 0x10;
    private static final int RETURN_64 = 0x20;
    private static final int CALL_32 = 0x30;
    private static final int RETURN_32 = 0x40;
    private static final int SIZE = 0x50;

    private HypercallPage() {}

    /** What the page begins with on {@code engine}'s processors; the rest of it is zero. */
    public static byte[] code(Engine engine) {
        byte[] instruction = engine.capabilities().vmmcall() ? VMMCALL : VMCALL;
        ByteBuffer page = ByteBuffer.allocate(SIZE);
        page.put(instruction).put(RET);
        put64(page.position(CALL_64), HypercallCode.VTL_CALL, instruction);
        put64(page.position(RETURN_64), HypercallCode.VTL_RETURN, instruction);
        put32(page.position(CALL_32), HypercallCode.VTL_CALL, instruction);
        put32(page.position(RETURN_32), HypercallCode.VTL_RETURN, instruction);
        return page.array();
    }

    /** mov rax, rcx; mov ecx, code: the control input goes to RAX, the hypercall input value to RCX. */
    private static void put64(ByteBuffer page, HypercallCode code, byte[] instruction) {
        page.put((byte) 0x48).put((byte) 0x89).put((byte) 0xc8);
        page.put((byte) 0xb9).put((byte) code.code()).put(new byte[3]);
        page.put(instruction).put(RET);
    }

    /** mov ecx, eax; mov eax, code; xor edx, edx: the control input goes to ECX, the hypercall input value to EDX:EAX. */
    private static void put32(ByteBuffer page, HypercallCode code, byte[] instruction) {
        page.put((byte) 0x89).put((byte) 0xc1);
        page.put((byte) 0xb8).put((byte) code.code()).put(new byte[3]);
        page.put((byte) 0x31).put((byte) 0xd2);
        page.put(instruction).put(RET);
    }

    /** HvRegisterVsmCodePageOffsets for a caller in 64-bit mode, or not. */
    public static long offsets(boolean wide) {
        long call = wide ? CALL_64 : CALL_32;
        long leave = wide ? RETURN_64 : RETURN_32;
        return call << VsmCodePageOffsets.VTL_CALL_OFFSET_SHIFT | leave << VsmCodePageOffsets.VTL_RETURN_OFFSET_SHIFT;
    }
}
