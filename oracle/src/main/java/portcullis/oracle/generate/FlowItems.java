package portcullis.oracle.generate;

import java.util.SplittableRandom;
import portcullis.oracle.isa.Flags;

/** Items of jumps, loops, calls and returns. All ends are known to be reached: counts are set before, targets lie ahead. */
final class FlowItems {
    private static final int RCX = 1;

    private final SplittableRandom random;
    private final Addressing addressing;

    FlowItems(SplittableRandom random, Addressing addressing) {
        this.random = random;
        this.addressing = addressing;
    }

    /**
     * Some control flow.
     *
     * @param following number of items that will follow; jumps do not leave the sequence
     * @return null where the case's reserved registers rule the choice out
     */
    Item next(int following) {
        return switch (random.nextInt(19)) {
            case 0, 1, 2, 3 -> conditionalOverItems(following);
            case 4, 5 -> conditionalShort();
            case 6, 7 -> countRegisterJump();
            case 8, 9 -> loop();
            case 10, 11 -> decrementLoop();
            case 12, 13 -> call();
            case 14, 15 -> indirect();
            case 16 -> modifiedCode();
            default -> pushedReturn();
        };
    }

    private Item conditionalOverItems(int following) {
        int skip = random.nextInt(Math.min(following, 4) + 1);
        ItemBuilder item = new ItemBuilder();
        if (random.nextInt(5) == 0) {
            item.code.bytes(0xe9);
            item.relativeToItem(skip);
            item.end();
            return build(item, FlagEffect.NONE);
        }
        int condition = random.nextInt(16);
        if (random.nextInt(8) == 0) {
            item.code.bytes(random.nextBoolean() ? 0x2e : 0x3e); // branch hints
        }
        item.code.bytes(0x0f, 0x80 | condition);
        item.relativeToItem(skip);
        item.end();
        return build(item, reads(Flags.ofCondition(condition)));
    }

    private Item conditionalShort() {
        byte[] body = body(writable());
        ItemBuilder item = new ItemBuilder();
        if (random.nextInt(5) == 0) {
            item.code.bytes(0xeb, body.length).bytes(body);
            item.end();
            return build(item, FlagEffect.NONE);
        }
        int condition = random.nextInt(16);
        item.code.bytes(0x70 | condition, body.length).bytes(body);
        item.end().end();
        return build(item, reads(Flags.ofCondition(condition)));
    }

    /** JRCXZ, JECXZ, and the LOOPs forwards. */
    private Item countRegisterJump() {
        int opcode = 0xe0 + random.nextInt(4);
        if (opcode != 0xe3 && addressing.isReserved(RCX)) {
            return null;
        }
        ItemBuilder item = new ItemBuilder();
        if (!addressing.isReserved(RCX) && random.nextBoolean()) {
            item.load(RCX, random.nextInt(3) + (random.nextBoolean() ? 1L << 32 : 0));
        }
        if (random.nextInt(3) == 0) {
            item.code.bytes(0x67);
        }
        byte[] body = body(writable());
        item.code.bytes(opcode, body.length).bytes(body);
        item.end().end();
        return build(item, opcode < 0xe2 ? reads(Flags.Z) : FlagEffect.NONE);
    }

    private Item loop() {
        if (addressing.isReserved(RCX)) {
            return null;
        }
        int register = writable();
        if (register == RCX) {
            return null;
        }
        int count = random.nextInt(1, 6);
        ItemBuilder item = new ItemBuilder();
        item.load32(RCX, count);
        byte[] body = body(register);
        item.code.bytes(body).bytes(0xe2, -(body.length + 2));
        item.end().end();
        item.repeats(2 * (count - 1));
        return build(item, FlagEffect.NONE);
    }

    private Item decrementLoop() {
        int counter = writable();
        int register = writable();
        if (counter == register) {
            return null;
        }
        int count = random.nextInt(1, 6);
        ItemBuilder item = new ItemBuilder();
        item.load32(counter, count);
        byte[] body = body(register);
        int prefix = counter > 7 ? 0x41 : 0x40;
        item.code.bytes(body).bytes(prefix, 0xff, 0xc8 | counter & 7); // dec r32
        item.code.bytes(0x75, -(body.length + 5)); // jnz
        item.end().end().end();
        item.repeats(3 * (count - 1));
        return build(item, new FlagEffect(Flags.STATUS & ~Flags.C, 0, 0));
    }

    private Item call() {
        ItemBuilder item = new ItemBuilder();
        byte[] body = body(writable());
        item.code.bytes(0xe8).i32(2); // call over the jump
        item.end();
        item.code.bytes(0xeb, body.length + 1); // jmp over the routine
        item.end();
        item.code.bytes(body).bytes(0xc3); // ret
        item.end().end();
        return build(item, FlagEffect.NONE);
    }

    private Item indirect() {
        int register = writable();
        byte[] body = body(writable());
        ItemBuilder item = new ItemBuilder();
        boolean memory = random.nextBoolean();
        int rex = register > 7 ? 1 : 0;
        // lea register, [rip + ...] to behind the body; jmp register, or through memory
        boolean call = random.nextInt(3) == 0;
        int jumpLength = memory ? 7 + 6 : 2 + rex;
        item.code.bytes(0x48 | rex << 2, 0x8d, (register & 7) << 3 | 5).i32(jumpLength + body.length);
        item.end();
        if (memory) {
            long slot = addressing.target(8, 1, false);
            item.code.bytes(0x48 | rex << 2, 0x89, (register & 7) << 3 | 5); // mov [slot], register
            item.relative(slot);
            item.end();
            item.code.bytes(0xff, call ? 0x15 : 0x25); // jmp or call [slot]
            item.relative(slot);
        } else {
            if (rex != 0) {
                item.code.bytes(0x41);
            }
            item.code.bytes(0xff, (call ? 0xd0 : 0xe0) | register & 7);
        }
        item.end();
        item.code.bytes(body);
        if (call) {
            item.code.bytes(
                    0x48, 0x8d, 0x64, 0x24,
                    0x08); // lea rsp, [rsp+8]: what the call pushed| random.nextInt(4)); // pop what the call pushed
            item.end();
        }
        return build(item, FlagEffect.NONE);
    }

    /** A return to an address that was pushed, with bytes to release. */
    private Item pushedReturn() {
        int register = writable();
        int rex = register > 7 ? 1 : 0;
        int release = 8 * random.nextInt(3);
        ItemBuilder item = new ItemBuilder();
        for (int i = 0; i < release; i += 8) {
            item.code.bytes(0x6a, random.nextInt(256)); // push imm8
            item.end();
        }
        // lea register, [rip + ...] to behind; push register; ret n
        item.code.bytes(0x48 | rex << 2, 0x8d, (register & 7) << 3 | 5).i32(1 + rex + 3);
        item.end();
        if (rex != 0) {
            item.code.bytes(0x41);
        }
        item.code.bytes(0x50 | register & 7);
        item.end();
        item.code.bytes(0xc2).i16(release); // what it releases lies above the return address
        return build(item.end(), FlagEffect.NONE);
    }

    /** Changes the instruction that follows, in a loop or not: it is the new one that must be executed (SDM volume 3, 11.6). */
    private Item modifiedCode() {
        int register = writable();
        int counter = writable();
        ItemBuilder item = new ItemBuilder();
        boolean again = counter != register && random.nextBoolean();
        int times = random.nextInt(2, 4);
        if (again) {
            item.load32(counter, times);
        }
        int start = item.code.size();
        int rex = register > 7 ? 1 : 0;
        if (again) {
            // mov [rip + ...], counter: into the immediate
            item.code
                    .bytes(counter > 7 ? 0x44 : 0x40, 0x89, (counter & 7) << 3 | 5)
                    .i32(rex + 1);
        } else {
            item.code.bytes(0xc7, 0x05).i32(4 + rex + 1 - 4).i32(random.nextInt()); // mov dword [rip + ...], value
        }
        item.end();
        item.load32(register, random.nextInt());
        if (again) {
            item.code.bytes(counter > 7 ? 0x41 : 0x40, 0xff, 0xc8 | counter & 7); // dec counter
            item.code.bytes(0x75, start - (item.code.size() + 2)); // jnz
            item.end().end();
            item.repeats(4 * (times - 1));
        }
        return build(item, again ? new FlagEffect(Flags.STATUS & ~Flags.C, 0, 0) : FlagEffect.NONE);
    }

    /** A register that may be written, none of those with implied uses in loops. */
    private int writable() {
        while (true) {
            int register = random.nextInt(16);
            if (!addressing.isReserved(register)) {
                return register;
            }
        }
    }

    /** An instruction that neither reads nor writes flags, and may or may not be executed. */
    private byte[] body(int register) {
        ItemBuilder item = new ItemBuilder();
        int rex = register > 7 ? 1 : 0;
        switch (random.nextInt(3)) {
            case 0 -> item.load32(register, random.nextInt());
            case 1 -> // lea register, [register + imm8]
                item.code
                        .bytes(0x48 | rex << 2 | rex, 0x8d, 0x40 | (register & 7) << 3 | (register & 7))
                        .bytes((register & 7) == 4 ? new byte[] {0x24} : new byte[0])
                        .bytes(random.nextInt(256));
            default -> // not register
                item.code.bytes(0x48 | rex, 0xf7, 0xd0 | register & 7);
        }
        return item.code.toByteArray();
    }

    private static FlagEffect reads(int flags) {
        return new FlagEffect(0, 0, flags);
    }

    private static Item build(ItemBuilder item, FlagEffect effect) {
        return item.build(null, effect, 0, Item.Approximation.NONE);
    }
}
