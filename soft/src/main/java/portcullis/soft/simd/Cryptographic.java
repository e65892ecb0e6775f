package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.Aes;
import portcullis.soft.simd.packed.Carryless;
import portcullis.soft.simd.packed.Sha;
import portcullis.soft.state.State;

/** AES, PCLMULQDQ and SHA instructions; 128 bits only. */
final class Cryptographic extends VectorOp {
    private static final int AESENC = 0;
    private static final int AESENCLAST = 1;
    private static final int AESDEC = 2;
    private static final int AESDECLAST = 3;
    private static final int AESIMC = 4;
    private static final int AESKEYGENASSIST = 5;
    private static final int PCLMULQDQ = 6;
    private static final int SHA1RNDS4 = 7;
    private static final int SHA1NEXTE = 8;
    private static final int SHA1MSG1 = 9;
    private static final int SHA1MSG2 = 10;
    private static final int SHA256RNDS2 = 11;
    private static final int SHA256MSG1 = 12;
    private static final int SHA256MSG2 = 13;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new Cryptographic(in);

    private final int kind;
    private final int form;

    private Cryptographic(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        String[] rounds = {"AESENC", "AESENCLAST", "AESDEC", "AESDECLAST"};
        String[] opcodes = {"DC", "DD", "DE", "DF"};
        for (int i = 0; i < 4; i++) {
            rows.one("66 0F38 " + opcodes[i], rounds[i] + " Vdq,Wdq", i);
            rows.one("VEX.L0 66 0F38 " + opcodes[i], "V" + rounds[i] + " Vdq,Hdq,Wdq", i);
        }
        rows.one("66 0F38 DB", "AESIMC Vdq,Wdq", AESIMC);
        rows.one("VEX.L0 66 0F38 DB", "VAESIMC Vdq,Wdq", AESIMC);
        rows.one("66 0F3A DF", "AESKEYGENASSIST Vdq,Wdq,Ib", AESKEYGENASSIST);
        rows.one("VEX.L0 66 0F3A DF", "VAESKEYGENASSIST Vdq,Wdq,Ib", AESKEYGENASSIST);
        rows.one("66 0F3A 44", "PCLMULQDQ Vdq,Wdq,Ib", PCLMULQDQ);
        rows.one("VEX.L0 66 0F3A 44", "VPCLMULQDQ Vdq,Hdq,Wdq,Ib", PCLMULQDQ);
        rows.one("NP 0F3A CC", "SHA1RNDS4 Vdq,Wdq,Ib", SHA1RNDS4);
        String[] sha = {"SHA1NEXTE", "SHA1MSG1", "SHA1MSG2", "SHA256RNDS2", "SHA256MSG1", "SHA256MSG2"};
        for (int i = 0; i < sha.length; i++) {
            rows.one("NP 0F38 C" + "89ABCD".charAt(i), sha[i] + " Vdq,Wdq", SHA1NEXTE + i);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        long bLow = cpu.field(second);
        long bHigh = cpu.field(second + 8);
        if (in.memory) {
            long la = linear(cpu, 16, false);
            if (form == SSE) {
                align(cpu, la, 16);
            }
            long host = cpu.hostForRead(la, 16);
            bLow = load(cpu, host, la, 0);
            bHigh = load(cpu, host, la, 1);
        }
        long aLow = cpu.field(first);
        long aHigh = cpu.field(first + 8);
        switch (kind) {
            case AESENC -> set(cpu, Aes.encryptLow(aLow, aHigh) ^ bLow, Aes.encryptHigh(aLow, aHigh) ^ bHigh);
            case AESENCLAST ->
                set(cpu, Aes.encryptLastLow(aLow, aHigh) ^ bLow, Aes.encryptLastHigh(aLow, aHigh) ^ bHigh);
            case AESDEC -> set(cpu, Aes.decryptLow(aLow, aHigh) ^ bLow, Aes.decryptHigh(aLow, aHigh) ^ bHigh);
            case AESDECLAST ->
                set(cpu, Aes.decryptLastLow(aLow, aHigh) ^ bLow, Aes.decryptLastHigh(aLow, aHigh) ^ bHigh);
            case AESIMC -> set(cpu, Aes.inverseMixColumns(bLow), Aes.inverseMixColumns(bHigh));
            case AESKEYGENASSIST ->
                set(cpu, Aes.keyGenerationAssist(bLow, immediate), Aes.keyGenerationAssist(bHigh, immediate));
            case PCLMULQDQ -> {
                long x = (immediate & 1) != 0 ? aHigh : aLow;
                long y = (immediate & 0x10) != 0 ? bHigh : bLow;
                set(cpu, Carryless.multiplyLow(x, y), Carryless.multiplyHigh(x, y));
            }
            default -> {
                hash(cpu, aLow, aHigh, bLow, bHigh);
                set(cpu, cpu.wide[0], cpu.wide[1]);
            }
        }
    }

    private void hash(Cpu cpu, long aLow, long aHigh, long bLow, long bHigh) {
        long[] out = cpu.wide;
        switch (kind) {
            case SHA1RNDS4 -> Sha.sha1FourRounds(aLow, aHigh, bLow, bHigh, immediate, out);
            case SHA1NEXTE -> Sha.sha1NextE(aLow, aHigh, bLow, bHigh, out);
            case SHA1MSG1 -> Sha.sha1Message1(aLow, aHigh, bLow, bHigh, out);
            case SHA1MSG2 -> Sha.sha1Message2(aLow, aHigh, bLow, bHigh, out);
            case SHA256RNDS2 -> Sha.sha256TwoRounds(aLow, aHigh, bLow, bHigh, cpu.field(State.VECTOR), out);
            case SHA256MSG1 -> Sha.sha256Message1(aLow, aHigh, bLow, bHigh, out);
            default -> Sha.sha256Message2(aLow, aHigh, bLow, bHigh, out);
        }
    }

    private void set(Cpu cpu, long low, long high) {
        cpu.field(destination, low);
        cpu.field(destination + 8, high);
        clearUpper(cpu, destination, form);
    }
}
