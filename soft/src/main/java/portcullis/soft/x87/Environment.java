package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.ControlWord;
import portcullis.soft.state.State;

/**
 * FNSTENV, FLDENV, FNSAVE and FRSTOR: the environment of 14 or 28 bytes in its four layouts (SDM volume 1, figures 8-9 to 8-12), and
 * the registers, ten bytes each, behind it.
 */
final class Environment extends Op {
    private static final int STORE = 0;
    private static final int LOAD = 1;
    private static final int SAVE = 2;
    private static final int RESTORE = 3;

    private static final int REGISTERS = 80;

    static final Family FAMILY = Environment::new;

    private final int kind;
    private final boolean wide;

    private Environment(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        wide = in.operandSize != 2;
    }

    static void register(OpcodeTable t) {
        t.add("D9 mem /6", "FNSTENV M", FAMILY, STORE);
        t.add("D9 mem /4", "FLDENV M", FAMILY, LOAD);
        t.add("DD mem /6", "FNSAVE M", FAMILY, SAVE);
        t.add("DD mem /4", "FRSTOR M", FAMILY, RESTORE);
    }

    @Override
    public void execute(Cpu cpu) {
        boolean store = kind == STORE || kind == SAVE;
        if (store) {
            X87Unit.requireNoWait(cpu);
        } else {
            X87Unit.require(cpu);
        }
        int environment = wide ? 28 : 14;
        int size = environment + (kind >= SAVE ? REGISTERS : 0);
        long la = linear(cpu, size, store);
        // All of it or nothing: faults come before the first byte moves.
        if (store) {
            cpu.probeWrite(la, size);
            storeEnvironment(cpu, la);
            if (kind == SAVE) {
                saveRegisters(cpu, at(la, environment));
                X87Unit.initialize(cpu);
            } else {
                // All exceptions are masked so that a handler can work.
                cpu.field32(State.FCW, cpu.field32(State.FCW) | ControlWord.MASKS);
                X87Unit.status(cpu, cpu.field32(State.FSW));
            }
        } else {
            cpu.probeRead(la, size);
            load(cpu, la, environment);
        }
    }

    private long at(long la, int offset) {
        return in.is64() ? la + offset : la + offset & 0xffffffffL;
    }

    private void word(Cpu cpu, long la, int index, int value) {
        if (wide) {
            cpu.write32(at(la, index * 4), value & 0xffffffffL);
        } else {
            cpu.write16(at(la, index * 2), value & 0xffff);
        }
    }

    private int word(Cpu cpu, long la, int index) {
        return wide ? (int) cpu.read32(at(la, index * 4)) : cpu.read16(at(la, index * 2));
    }

    private void storeEnvironment(Cpu cpu, long la) {
        // The upper halves of the 32-bit layout's short fields are ones.
        int ones = 0xffff0000;
        word(cpu, la, 0, ones | cpu.field32(State.FCW));
        word(cpu, la, 1, ones | cpu.field32(State.FSW));
        word(cpu, la, 2, ones | X87Unit.tagWord(cpu));
        int ip = (int) cpu.field(State.FIP);
        int dp = (int) cpu.field(State.FDP);
        int cs = cpu.field32(State.FCS) & 0xffff;
        int ds = cpu.field32(State.FDS) & 0xffff;
        int opcode = cpu.field32(State.FOP) & 0x7ff;
        if (cpu.isProtected()) {
            word(cpu, la, 3, ip);
            word(cpu, la, 4, opcode << 16 | cs);
            word(cpu, la, 5, dp);
            word(cpu, la, 6, ones | ds);
            return;
        }
        // Real and virtual-8086 mode: linear addresses, their upper part above twelve bits of other use.
        int instruction = (cs << 4) + ip;
        int data = (ds << 4) + dp;
        word(cpu, la, 3, ones | instruction & 0xffff);
        word(cpu, la, 5, ones | data & 0xffff);
        if (wide) {
            word(cpu, la, 4, instruction >>> 16 << 12 | opcode);
            word(cpu, la, 6, data >>> 16 << 12);
        } else {
            word(cpu, la, 4, instruction >>> 4 & 0xf000 | opcode);
            word(cpu, la, 6, data >>> 4 & 0xf000);
        }
    }

    private void saveRegisters(Cpu cpu, long la) {
        int status = cpu.field32(State.FSW);
        for (int i = 0; i < 8; i++) {
            int physical = X87Unit.physical(status, i);
            cpu.write64(at(la, i * 10), X87Unit.significand(cpu, physical));
            cpu.write16(at(la, i * 10 + 8), X87Unit.signExponent(cpu, physical));
        }
    }

    private void load(Cpu cpu, long la, int environment) {
        int control = word(cpu, la, 0);
        int status = word(cpu, la, 1);
        int tags = word(cpu, la, 2);
        int third = word(cpu, la, 3);
        int fourth = word(cpu, la, 4);
        int fifth = word(cpu, la, 5);
        int sixth = word(cpu, la, 6);
        if (kind == RESTORE) {
            // Reads may leave for MMIO and come again; the state is replaced by what a second time finds too.
            for (int i = 0; i < 8; i++) {
                long register = at(la, environment + i * 10);
                long significand = cpu.read64(register);
                int signExponent = cpu.read16(at(register, 8));
                X87Unit.register(cpu, X87Unit.physical(status, i), significand, signExponent);
            }
        }
        X87Unit.control(cpu, control);
        X87Unit.status(cpu, status);
        cpu.field32(State.FTW, tags & X87Unit.ALL_EMPTY);
        loadPointers(cpu, third, fourth, fifth, sixth);
    }

    private void loadPointers(Cpu cpu, int third, int fourth, int fifth, int sixth) {
        if (cpu.isProtected()) {
            cpu.field(State.FIP, third & 0xffffffffL);
            cpu.field32(State.FCS, fourth & 0xffff);
            cpu.field32(State.FOP, wide ? fourth >>> 16 & 0x7ff : 0);
            cpu.field(State.FDP, fifth & 0xffffffffL);
            cpu.field32(State.FDS, sixth & 0xffff);
            return;
        }
        int upper = wide ? fourth << 4 & 0xffff0000 : (fourth & 0xf000) << 4;
        int dataUpper = wide ? sixth << 4 & 0xffff0000 : (sixth & 0xf000) << 4;
        cpu.field(State.FIP, (upper | third & 0xffff) & 0xffffffffL);
        cpu.field32(State.FCS, 0);
        cpu.field32(State.FOP, fourth & 0x7ff);
        cpu.field(State.FDP, (dataUpper | fifth & 0xffff) & 0xffffffffL);
        cpu.field32(State.FDS, 0);
    }
}
