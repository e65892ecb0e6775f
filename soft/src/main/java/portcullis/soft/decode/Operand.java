package portcullis.soft.decode;

/**
 * Operand kinds, named after the letters of SDM volume 2 appendix A (A.2.1, A.2.2): where the operand is, and how wide.
 * {@code v} is the operand size (16, 32 or 64 bits), {@code z} 16 or 32, {@code y} 32 or 64.
 */
public enum Operand {
    // modrm.rm, general register or memory
    Eb(Place.RM, 1),
    Ew(Place.RM, 2),
    Ed(Place.RM, 4),
    Eq(Place.RM, 8),
    Ev(Place.RM, Operand.V),
    Ey(Place.RM, Operand.Y),
    // memory only
    M(Place.RM, 0),
    Mb(Place.RM, 1),
    Mw(Place.RM, 2),
    Md(Place.RM, 4),
    Mq(Place.RM, 8),
    Mx(Place.RM, 16),
    Mt(Place.RM, 10),
    Mv(Place.RM, Operand.V),
    My(Place.RM, Operand.Y),
    /** A far pointer: 16-bit selector after an offset of the operand size. */
    Mp(Place.RM, Operand.V),
    // modrm.reg, general register
    Gb(Place.REG, 1),
    Gw(Place.REG, 2),
    Gd(Place.REG, 4),
    Gq(Place.REG, 8),
    Gv(Place.REG, Operand.V),
    Gy(Place.REG, Operand.Y),
    // low three opcode bits, general register
    Zb(Place.OPCODE, 1),
    Zv(Place.OPCODE, Operand.V),
    Zq(Place.OPCODE, 8),
    // general register from VEX.vvvv
    By(Place.VVVV, Operand.Y),
    // fixed registers
    AL(Place.FIXED, 1),
    CL(Place.FIXED, 1),
    DX(Place.FIXED, 2),
    AX(Place.FIXED, Operand.V),
    ES(Place.FIXED, 2),
    CS(Place.FIXED, 2),
    SS(Place.FIXED, 2),
    DS(Place.FIXED, 2),
    FS(Place.FIXED, 2),
    GS(Place.FIXED, 2),
    ONE(Place.FIXED, 1),
    ST0(Place.FIXED, 10),
    /** x87 stack register of modrm.rm. */
    STi(Place.RM, 10),
    // immediates
    Ib(Place.IMMEDIATE, 1),
    /** A byte, sign-extended to the operand size. */
    Ibs(Place.IMMEDIATE, 1),
    Iw(Place.IMMEDIATE, 2),
    /** 16 or 32 bits, sign-extended to the operand size. */
    Iz(Place.IMMEDIATE, Operand.Z),
    /** 16, 32 or 64 bits: MOV to a register. */
    Iv(Place.IMMEDIATE, Operand.V),
    /** A far pointer in the instruction: offset, then selector ({@code imm2}). */
    Ap(Place.IMMEDIATE, Operand.Z),
    Jb(Place.RELATIVE, 1),
    Jz(Place.RELATIVE, Operand.Z),
    /** An absolute address in the instruction, as wide as addresses are; always memory. */
    Ob(Place.OFFSET, 1),
    Ov(Place.OFFSET, Operand.V),
    // modrm.reg, special registers
    Sw(Place.REG, 2),
    Cd(Place.REG, 8),
    Dd(Place.REG, 8),
    // string operands
    Xb(Place.STRING, 1),
    Xv(Place.STRING, Operand.V),
    Yb(Place.STRING, 1),
    Yv(Place.STRING, Operand.V),
    // vector registers: V modrm.reg, W modrm.rm or memory, U modrm.rm register, H VEX.vvvv, L immediate 7:4
    Vx(Place.REG, Operand.X),
    Vdq(Place.REG, 16),
    Wx(Place.RM, Operand.X),
    Wdq(Place.RM, 16),
    Wq(Place.RM, 8),
    Wd(Place.RM, 4),
    Ww(Place.RM, 2),
    Wb(Place.RM, 1),
    Ux(Place.RM, Operand.X),
    Udq(Place.RM, 16),
    Hx(Place.VVVV, Operand.X),
    Hdq(Place.VVVV, 16),
    Lx(Place.IMMEDIATE, Operand.X),
    // MMX: P modrm.reg, Q modrm.rm or memory, N modrm.rm register
    Pq(Place.REG, 8),
    Qq(Place.RM, 8),
    Qd(Place.RM, 4),
    Nq(Place.RM, 8);

    /** Where an operand is encoded. */
    public enum Place {
        RM,
        REG,
        OPCODE,
        VVVV,
        FIXED,
        IMMEDIATE,
        RELATIVE,
        OFFSET,
        STRING
    }

    /** {@link #size}: the operand size, 2, 4 or 8. */
    public static final int V = -1;
    /** {@link #size}: 4, or 8 with REX.W. */
    public static final int Y = -2;
    /** {@link #size}: 2 or 4. */
    public static final int Z = -3;
    /** {@link #size}: 16, or 32 with VEX.L. */
    public static final int X = -4;

    public final Place place;
    /** In bytes, or one of the negative constants. */
    public final int size;

    Operand(Place place, int size) {
        this.place = place;
        this.size = size;
    }

    /** Whether it makes the instruction have a ModRM byte. */
    public boolean needsModrm() {
        return place == Place.RM || place == Place.REG;
    }

    static Operand parse(String name) {
        return valueOf(name);
    }
}
