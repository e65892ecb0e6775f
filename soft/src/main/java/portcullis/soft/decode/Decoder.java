package portcullis.soft.decode;

import portcullis.soft.state.State;

/**
 * Turns bytes into an {@link Instruction} (SDM volume 2, chapter 2). One per CPU, reused; not thread-safe.
 *
 * <p>The caller fills {@link #bytes} and {@link #available} and gets an instruction, or null where the bytes at hand are too
 * few: it then supplies more, up to 15, from the next page. An instruction of over 15 bytes reports {@link #tooLong}.
 */
public final class Decoder {
    /** The longest instruction, in bytes. */
    public static final int MAX_LENGTH = 15;

    public final byte[] bytes = new byte[MAX_LENGTH];
    public int available;

    private final OpcodeTable table;

    /** Set by {@link #decode} when the instruction is longer than 15 bytes: #GP(0). */
    private boolean tooLong;

    private int position;
    private boolean outOfBytes;
    private int mode;
    boolean mode64;
    boolean rexW;
    int vexL;
    private int rexR;
    private int rexX;
    private int rexB;
    private int prefixes;
    private int segmentOverride;
    private int vexPrefix;
    private boolean vex;
    private Instruction in;

    public Decoder(OpcodeTable table) {
        this.table = table;
    }

    public boolean tooLong() {
        return tooLong;
    }

    /** @return null when {@link #available} bytes are not enough, or when {@link #tooLong} */
    public Instruction decode(long rip, int decodingMode) {
        reset(decodingMode);
        in = new Instruction();
        in.rip = rip;
        in.mode = decodingMode;
        in.encoding = decodeAll();
        if (outOfBytes) {
            tooLong = available >= MAX_LENGTH;
            return null;
        }
        in.length = position;
        in.prefixes = prefixes;
        finishRelative();
        if (in.encoding != null && has(Instruction.LOCK) && !lockAllowed()) {
            in.encoding = null;
        }
        return in;
    }

    private void reset(int decodingMode) {
        mode = decodingMode;
        mode64 = (decodingMode & Mode.CODE_SIZE) == Mode.CODE64;
        position = 0;
        outOfBytes = false;
        tooLong = false;
        rexW = false;
        vexL = 0;
        rexR = 0;
        rexX = 0;
        rexB = 0;
        prefixes = 0;
        segmentOverride = -1;
        vexPrefix = 0;
        vex = false;
        immediateSeen = false;
    }

    private boolean has(int prefix) {
        return (prefixes & prefix) != 0;
    }

    private boolean lockAllowed() {
        return in.encoding.has(Encoding.LOCK) && in.memory;
    }

    private int next() {
        if (position >= available) {
            outOfBytes = true;
            return 0;
        }
        return bytes[position++] & 0xff;
    }

    private Encoding decodeAll() {
        int opcode = readPrefixes();
        if (outOfBytes) {
            return null;
        }
        int map = 0;
        if (opcode == 0x0f) {
            map = 1;
            opcode = next();
            if (opcode == 0x38 || opcode == 0x3a) {
                map = opcode == 0x38 ? 2 : 3;
                opcode = next();
            }
        } else if (isVexPrefix(opcode)) {
            map = readVex(opcode);
            if (map < 0) {
                return null;
            }
            opcode = next();
        }
        if (outOfBytes) {
            return null;
        }
        in.opcode = opcode;
        Encoding[] candidates = table.candidates(vex, map, opcode);
        if (candidates == null) {
            return null;
        }
        for (Encoding candidate : candidates) {
            boolean match = candidate.matches(this);
            if (outOfBytes) {
                return null;
            }
            if (match) {
                operands(candidate);
                return candidate;
            }
        }
        return null;
    }

    private int readPrefixes() {
        while (!outOfBytes) {
            int b = next();
            switch (b) {
                case 0xf0 -> prefixes |= Instruction.LOCK;
                case 0xf2 -> prefixes = prefixes & ~Instruction.REP | Instruction.REPNE;
                case 0xf3 -> prefixes = prefixes & ~Instruction.REPNE | Instruction.REP;
                case 0x66 -> prefixes |= Instruction.OPERAND_SIZE;
                case 0x67 -> prefixes |= Instruction.ADDRESS_SIZE;
                case 0x26, 0x2e, 0x36, 0x3e -> {
                    // In 64-bit mode these are null prefixes: they neither override nor cancel FS or GS.
                    if (!mode64) {
                        segmentOverride = b >>> 3 & 3;
                    }
                }
                case 0x64 -> segmentOverride = 4;
                case 0x65 -> segmentOverride = 5;
                default -> {
                    if (mode64 && (b & 0xf0) == 0x40) {
                        int following = peek();
                        if (isLegacyPrefix(following)) {
                            continue; // a REX prefix that does not stand right before the opcode is ignored
                        }
                        if (outOfBytes || (following & 0xf0) == 0x40) {
                            continue;
                        }
                        prefixes |= Instruction.REX;
                        rexW = (b & 8) != 0;
                        rexR = (b & 4) << 1;
                        rexX = (b & 2) << 2;
                        rexB = (b & 1) << 3;
                        return next();
                    }
                    return b;
                }
            }
        }
        return 0;
    }

    private int peek() {
        if (position >= available) {
            outOfBytes = true;
            return 0;
        }
        return bytes[position] & 0xff;
    }

    int peekModrm() {
        return peek();
    }

    private static boolean isLegacyPrefix(int b) {
        return switch (b) {
            case 0xf0, 0xf2, 0xf3, 0x66, 0x67, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 -> true;
            default -> false;
        };
    }

    private boolean isVexPrefix(int opcode) {
        return (opcode == 0xc4 || opcode == 0xc5)
                && (mode64 || ((mode & Mode.PROTECTED) != 0 && (peek() & 0xc0) == 0xc0));
    }

    /** @return the opcode map, or -1 for #UD */
    private int readVex(int first) {
        if ((prefixes
                        & (Instruction.LOCK
                                | Instruction.REP
                                | Instruction.REPNE
                                | Instruction.OPERAND_SIZE
                                | Instruction.REX))
                != 0) {
            return -1;
        }
        vex = true;
        int b1 = next();
        int map = 1;
        int last = b1;
        rexR = (~b1 & 0x80) >>> 4;
        if (first == 0xc4) {
            rexX = (~b1 & 0x40) >>> 3;
            rexB = (~b1 & 0x20) >>> 2;
            map = b1 & 0x1f;
            last = next();
            rexW = (last & 0x80) != 0;
        }
        if (!mode64) {
            rexR = 0;
            rexX = 0;
            rexB = 0;
        }
        in.vvvv = ~(last >>> 3) & (mode64 ? 0xf : 7);
        vexL = last >>> 2 & 1;
        vexPrefix = switch (last & 3) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> 2;
            default -> 3;
        };
        return map >= 1 && map <= 3 ? map : -1;
    }

    int mandatoryPrefix() {
        if (vex) {
            return vexPrefix;
        }
        if (has(Instruction.REP)) {
            return 2;
        }
        if (has(Instruction.REPNE)) {
            return 3;
        }
        return has(Instruction.OPERAND_SIZE) ? 1 : 0;
    }

    private void operands(Encoding encoding) {
        sizes(encoding);
        in.rm = in.opcode & 7 | rexB;
        if (encoding.modrm) {
            in.modrm = next() | (encoding.has(Encoding.MOD_IGNORED) ? 0xc0 : 0);
            in.reg = in.modrm >>> 3 & 7 | rexR;
            in.rm = in.modrm & 7 | rexB;
            if (in.modrm < 0xc0) {
                in.memory = true;
                if (in.addressSize == 2) {
                    address16();
                } else {
                    address32();
                }
            }
        }
        if (segmentOverride >= 0) {
            in.segment = segmentOverride;
        }
        for (Operand operand : encoding.operands) {
            immediate(operand);
        }
    }

    private void sizes(Encoding encoding) {
        boolean operandPrefix = has(Instruction.OPERAND_SIZE);
        in.w = rexW;
        in.vexL = vexL != 0;
        if (mode64) {
            if (rexW || encoding.has(Encoding.F64)) {
                in.operandSize = 8;
            } else if (operandPrefix) {
                in.operandSize = 2;
            } else {
                in.operandSize = encoding.has(Encoding.D64) ? 8 : 4;
            }
            in.addressSize = has(Instruction.ADDRESS_SIZE) ? 4 : 8;
        } else {
            boolean code32 = (mode & Mode.CODE_SIZE) == Mode.CODE32;
            in.operandSize = code32 == operandPrefix ? 2 : 4;
            in.addressSize = code32 == has(Instruction.ADDRESS_SIZE) ? 2 : 4;
        }
    }

    private void address32() {
        int mod = in.modrm >>> 6;
        int rm = in.modrm & 7;
        boolean ripRelative = false;
        if (rm == 4) {
            int sib = next();
            int index = sib >>> 3 & 7 | rexX;
            int base = sib & 7 | rexB;
            // Gathers count on the scale even where there is no index: their index register 4 is a vector.
            in.scale = sib >>> 6;
            if (index != 4) {
                in.index = State.GPR + index * 8;
            }
            if ((sib & 7) == 5 && mod == 0) {
                in.displacement = next32();
            } else {
                base(base);
            }
        } else if (rm == 5 && mod == 0) {
            in.displacement = next32();
            ripRelative = mode64;
        } else {
            base(rm | rexB);
        }
        if (mod == 1) {
            in.displacement = (byte) next();
        } else if (mod == 2) {
            in.displacement = next32();
        }
        if (ripRelative) {
            in.base = State.RIP; // resolved when the length is known
        }
    }

    private void base(int register) {
        in.base = State.GPR + register * 8;
        if (register == 4 || register == 5) {
            in.segment = 2;
        }
    }

    private static final int[] BASE16 = {3, 3, 5, 5, 6, 7, 5, 3};
    private static final int[] INDEX16 = {6, 7, 6, 7, -1, -1, -1, -1};

    private void address16() {
        int mod = in.modrm >>> 6;
        int rm = in.modrm & 7;
        if (rm == 6 && mod == 0) {
            in.displacement = (short) next16();
            return;
        }
        in.base = State.GPR + BASE16[rm] * 8;
        if (INDEX16[rm] >= 0) {
            in.index = State.GPR + INDEX16[rm] * 8;
        }
        if (BASE16[rm] == 5) {
            in.segment = 2;
        }
        if (mod == 1) {
            in.displacement = (byte) next();
        } else if (mod == 2) {
            in.displacement = (short) next16();
        }
    }

    private int next16() {
        int low = next();
        return low | next() << 8;
    }

    private int next32() {
        int low = next16();
        return low | next16() << 16;
    }

    private long next64() {
        long low = next32() & 0xffffffffL;
        return low | (long) next32() << 32;
    }

    private long nextSigned(int size) {
        return switch (size) {
            case 1 -> (byte) next();
            case 2 -> (short) next16();
            case 4 -> next32();
            default -> next64();
        };
    }

    private boolean immediateSeen;

    private void immediate(Operand operand) {
        switch (operand) {
            case Ib, Iw -> {
                int value = operand == Operand.Ib ? next() : next16();
                if (immediateSeen) {
                    in.immediate2 = value;
                } else {
                    in.immediate = value;
                    immediateSeen = true;
                }
            }
            case Ibs -> in.immediate = (byte) next();
            case Iz -> in.immediate = nextSigned(Math.min(in.operandSize, 4));
            case Iv -> in.immediate = nextSigned(in.operandSize);
            case Ap -> {
                in.immediate = in.operandSize == 2 ? next16() : next32() & 0xffffffffL;
                in.immediate2 = next16();
            }
            case Jb -> in.immediate = (byte) next();
            case Jz -> in.immediate = nextSigned(in.operandSize == 2 ? 2 : 4);
            case Ob, Ov -> {
                in.memory = true;
                in.displacement = switch (in.addressSize) {
                    case 2 -> next16();
                    case 4 -> next32() & 0xffffffffL;
                    default -> next64();
                };
            }
            case Lx -> in.immediate2 = next() >>> 4 & (mode64 ? 0xf : 7);
            default -> {
                // Encoded in prefixes, opcode or ModRM.
            }
        }
    }

    /** Relative operands count from the end of the instruction, which is known only now. */
    private void finishRelative() {
        if (in.memory && in.base == State.RIP) {
            in.base = State.ZERO;
            in.displacement += in.rip + in.length;
        }
        if (in.encoding == null || in.encoding.operands.length == 0) {
            return;
        }
        Operand first = in.encoding.operands[0];
        if (first == Operand.Jb || first == Operand.Jz) {
            long target = in.rip + in.length + in.immediate;
            in.immediate = switch (in.operandSize) {
                case 2 -> target & 0xffff;
                case 4 -> target & 0xffffffffL;
                default -> target;
            };
        }
    }
}
