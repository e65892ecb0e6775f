package portcullis.oracle;

import java.util.List;
import portcullis.memory.host.HostMemory;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.Layout;
import portcullis.oracle.sandbox.Processor;
import portcullis.oracle.sandbox.Trampoline;

/** Test cases laid out for the sandbox; each uses the slot that it was generated for. */
final class Batch {
    private final List<TestCase> cases;
    private final byte[][] code;
    private final long[] codeAddresses;
    private final long base;

    /**
     * @param base virtual address of the sandbox
     * @throws IllegalArgumentException if the code does not fit
     */
    Batch(List<TestCase> cases, long base, Trampoline trampoline) {
        this.cases = cases;
        this.base = base;
        code = new byte[cases.size()][];
        codeAddresses = new long[cases.size()];
        long at = base + Layout.CODE;
        for (int i = 0; i < cases.size(); i++) {
            code[i] = cases.get(i).assemble(at, base + trampoline.done());
            codeAddresses[i] = at;
            at += code[i].length + 15 & ~15;
        }
        if (at > base + Layout.CODE + Layout.CODE_SIZE) {
            throw new IllegalArgumentException("cases too long for the sandbox");
        }
    }

    List<TestCase> cases() {
        return cases;
    }

    byte[] code(int index) {
        return code[index];
    }

    long codeAddress(int index) {
        return codeAddresses[index];
    }

    /** Writes code, inputs and table into a processor's sandbox. */
    void load(Processor processor) {
        long memory = processor.memory();
        for (int i = 0; i < code.length; i++) {
            HostMemory.copy(code[i], 0, memory + (codeAddresses[i] - base), code[i].length);
            int data = Layout.data(cases.get(i).slot());
            cases.get(i).input().store(memory + data);
            HostMemory.putLong(memory + Layout.TABLE + 16L * i, codeAddresses[i]);
            HostMemory.putLong(memory + Layout.TABLE + 16L * i + 8, base + data);
        }
        processor.codeChanged();
    }
}
