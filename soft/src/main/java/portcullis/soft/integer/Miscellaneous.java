package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;

/** NOP, flag instructions, LAHF and SAHF, XLAT, decimal adjustment. */
final class Miscellaneous extends Op {
    private static final int CLC = 1;
    private static final int STC = 2;
    private static final int CMC = 3;
    private static final int CLD = 4;
    private static final int STD = 5;
    private static final int LAHF = 6;
    private static final int SAHF = 7;
    private static final int XLAT = 8;
    private static final int SALC = 9;
    private static final int DAA = 10;
    private static final int DAS = 11;
    private static final int AAA = 12;
    private static final int AAS = 13;
    private static final int AAM = 14;
    private static final int AAD = 15;
    private static final int XCHG_R8 = 16;

    private static final int AH = 1;

    static final Family FAMILY = Miscellaneous::new;

    private final int kind;

    private Miscellaneous(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable t) {
        for (String prefix : new String[] {"NP", "66", "F2"}) { // with F3 it is PAUSE
            t.add(prefix + " 90", "NOP Zv,AX", FAMILY, XCHG_R8);
        }
        t.add("F8", "CLC", FAMILY, CLC);
        t.add("F9", "STC", FAMILY, STC);
        t.add("F5", "CMC", FAMILY, CMC);
        t.add("FC", "CLD", FAMILY, CLD);
        t.add("FD", "STD", FAMILY, STD);
        t.add("9F", "LAHF", FAMILY, LAHF);
        t.add("9E", "SAHF", FAMILY, SAHF);
        t.add("D7", "XLAT", FAMILY, XLAT);
        t.add("D6 i64", "SALC", FAMILY, SALC);
        t.add("27 i64", "DAA", FAMILY, DAA);
        t.add("2F i64", "DAS", FAMILY, DAS);
        t.add("37 i64", "AAA", FAMILY, AAA);
        t.add("3F i64", "AAS", FAMILY, AAS);
        t.add("D4 i64", "AAM Ib", FAMILY, AAM);
        t.add("D5 i64", "AAD Ib", FAMILY, AAD);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case XCHG_R8 -> {
                // 90 is XCHG with the accumulator: REX.B makes the other operand R8, else it does nothing at all.
                if (in.rm != 0) {
                    int size = in.operandSize;
                    long a = cpu.reg(0, size);
                    cpu.reg(0, size, cpu.reg(in.rm * 8, size));
                    cpu.reg(in.rm * 8, size, a);
                }
            }
            case CLC -> cpu.cf(false);
            case STC -> cpu.cf(true);
            case CMC -> cpu.cf(!cpu.cf());
            case CLD -> cpu.rflags(cpu.rflags() & ~Flags.DF);
            case STD -> cpu.rflags(cpu.rflags() | Flags.DF);
            case LAHF -> {
                requireLahf(cpu);
                cpu.r8(AH, (int) cpu.status() & 0xff | 2);
            }
            case SAHF -> {
                requireLahf(cpu);
                cpu.status(cpu.status() & Flags.OF | cpu.r8(AH));
            }
            case XLAT -> xlat(cpu);
            case SALC -> cpu.r8(0, cpu.cf() ? 0xff : 0);
            case DAA -> daa(cpu);
            case DAS -> das(cpu);
            case AAA -> ascii(cpu, 1);
            case AAS -> ascii(cpu, -1);
            case AAM -> aam(cpu);
            default -> aad(cpu);
        }
    }

    private void requireLahf(Cpu cpu) {
        if (in.is64() && !cpu.model.has(Feature.LAHF)) {
            throw cpu.fault(Fault.UD);
        }
    }

    private void xlat(Cpu cpu) {
        long offset = cpu.reg(Cpu.RBX * 8, in.addressSize) + cpu.r8(0);
        offset &= in.addressSize == 8 ? -1L : (1L << in.addressSize * 8) - 1;
        cpu.r8(0, cpu.read8(cpu.linear(segment, offset, 1, false, in.is64())));
    }

    private static void daa(Cpu cpu) {
        int al = cpu.r8(0);
        boolean carry = cpu.cf();
        boolean adjust = (al & 0xf) > 9 || cpu.af();
        int r = adjust ? al + 6 : al;
        boolean out = carry || al > 0x99;
        r = out ? r + 0x60 : r;
        cpu.r8(0, r);
        cpu.flagsResult(r, 1, out ? 1 : 0, 0, adjust ? 1 : 0);
    }

    private static void das(Cpu cpu) {
        int al = cpu.r8(0);
        boolean carry = cpu.cf();
        boolean adjust = (al & 0xf) > 9 || cpu.af();
        boolean out = carry || al > 0x99 || adjust && al < 6;
        int r = adjust ? al - 6 : al;
        r = carry || al > 0x99 ? r - 0x60 : r;
        cpu.r8(0, r);
        cpu.flagsResult(r, 1, out ? 1 : 0, 0, adjust ? 1 : 0);
    }

    private static void ascii(Cpu cpu, int sign) {
        int ax = cpu.r16(0);
        boolean adjust = (ax & 0xf) > 9 || cpu.af();
        if (adjust) {
            ax = sign > 0 ? ax + 0x106 : (ax - 6 & 0xffff) - 0x100;
        }
        cpu.r16(0, ax & 0xff0f);
        long bit = adjust ? 1 : 0;
        cpu.flagsResult(ax & 0xf, 1, bit, 0, bit);
    }

    private void aam(Cpu cpu) {
        int base10 = (int) in.immediate & 0xff;
        if (base10 == 0) {
            throw cpu.fault(Fault.DE);
        }
        int al = cpu.r8(0);
        cpu.r16(0, al / base10 << 8 | al % base10);
        cpu.flagsResult(al % base10, 1, 0, 0, 0);
    }

    private void aad(Cpu cpu) {
        int al = cpu.r8(0) + cpu.r8(AH) * ((int) in.immediate & 0xff) & 0xff;
        cpu.r16(0, al);
        cpu.flagsResult(al, 1, 0, 0, 0);
    }
}
