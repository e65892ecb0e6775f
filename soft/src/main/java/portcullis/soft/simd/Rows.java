package portcullis.soft.simd;

import portcullis.soft.decode.Family;
import portcullis.soft.decode.OpcodeTable;

/**
 * Shorthand for table rows that come in several forms. {@code encoding} is prefix, map and opcode as {@link OpcodeTable}
 * writes them; the VEX form has a V before its mnemonic and usually one operand more.
 */
final class Rows {
    private final OpcodeTable table;
    private final Family family;

    Rows(OpcodeTable table, Family family) {
        this.table = table;
        this.family = family;
    }

    /** One row as it stands. */
    void one(String encoding, String instruction, int kind) {
        table.add(encoding, instruction, family, kind);
    }

    /** Two operands in SSE, three in AVX. */
    void both(String encoding, String mnemonic, int kind) {
        one(encoding, mnemonic + " Vdq,Wdq", kind);
        one("VEX " + encoding, "V" + mnemonic + " Vx,Hx,Wx", kind);
    }

    /** As {@link #both}, with an immediate byte. */
    void bothImmediate(String encoding, String mnemonic, int kind) {
        one(encoding, mnemonic + " Vdq,Wdq,Ib", kind);
        one("VEX " + encoding, "V" + mnemonic + " Vx,Hx,Wx,Ib", kind);
    }

    /** One source, in SSE and AVX. */
    void bothUnary(String encoding, String mnemonic, int kind) {
        one(encoding, mnemonic + " Vdq,Wdq", kind);
        one("VEX " + encoding, "V" + mnemonic + " Vx,Wx", kind);
    }

    /** One source and an immediate byte. */
    void bothUnaryImmediate(String encoding, String mnemonic, int kind) {
        one(encoding, mnemonic + " Vdq,Wdq,Ib", kind);
        one("VEX " + encoding, "V" + mnemonic + " Vx,Wx,Ib", kind);
    }

    /** Integer operations, prefix 66 understood. */
    void wide(String opcode, String mnemonic, int kind) {
        both("66 " + opcode, mnemonic, kind);
    }

    /** The same with an MMX form. */
    void withMmx(String opcode, String mnemonic, int kind) {
        one("NP " + opcode, mnemonic + " Pq,Qq", kind);
        wide(opcode, mnemonic, kind);
    }

    /** One source, with an MMX form. */
    void unary(String opcode, String mnemonic, int kind) {
        one("NP " + opcode, mnemonic + " Pq,Qq", kind);
        bothUnary("66 " + opcode, mnemonic, kind);
    }

    /** Scalars: the memory operand is {@code source} (Wd or Wq), VEX.L does not matter. */
    void scalar(String encoding, String mnemonic, String source, int kind) {
        one(encoding, mnemonic + " Vdq," + source, kind);
        one("VEX " + encoding, "V" + mnemonic + " Vdq,Hdq," + source, kind);
    }
}
