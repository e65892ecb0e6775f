package portcullis.soft.block;

import java.util.Arrays;
import portcullis.soft.SoftEngine;
import portcullis.soft.cpu.Fault;

/** From the instruction pointer to the block of code there: a table a CPU, before the engine's pages of blocks. */
abstract class CodeLookup extends Participant {
    private static final int LOOKUP_SIZE = 1 << 14;

    private final CodePages pages;
    private final BlockBuilder builder;

    // Looked-up code: block by RIP, valid while the key (context and mode) is the same.
    private final long[] lookupKey = new long[LOOKUP_SIZE];
    private final Block[] lookupBlock = new Block[LOOKUP_SIZE];
    private int segmentGeneration;
    private long lastCodeBase;
    private long lastCodeLimit;

    CodeLookup(SoftEngine engine, EngineShared shared) {
        super(engine.memory(), engine.clock(), engine.model(), shared.rendezvous);
        pages = shared.pages;
        builder = new BlockBuilder(shared, engine.memory(), engine.opcodes());
    }

    @Override
    protected final void codeSegmentChanged() {
        if (lastCodeBase != segmentBase(CS) || lastCodeLimit != segmentLimit(CS)) {
            lastCodeBase = segmentBase(CS);
            lastCodeLimit = segmentLimit(CS);
            if (!is64()) {
                segmentGeneration = segmentGeneration + 1 & 0xffff;
                if (segmentGeneration == 0) {
                    forgetLookups();
                }
            }
        }
    }

    @Override
    protected final void forgetLookups() {
        Arrays.fill(lookupBlock, null);
        forgetFetches();
    }

    private long currentKey() {
        long segments = is64() ? 0 : segmentGeneration;
        return codeContext() << 24 ^ segments << 8 ^ mode();
    }

    final Block lookup() {
        long rip = rip();
        long key = currentKey();
        int slot = (int) (rip ^ rip >>> 14) & LOOKUP_SIZE - 1;
        Block block = lookupBlock[slot];
        if (block != null && block.rip == rip && block.valid && block.mode == mode()) {
            if (lookupKey[slot] == key) {
                if (block.secondPage < 0 || secondPageUnchanged(block)) {
                    return block;
                }
            } else if (leadsTo(block)) {
                lookupKey[slot] = key;
                return block;
            }
        }
        block = find(rip);
        lookupBlock[slot] = block;
        lookupKey[slot] = currentKey();
        return block;
    }

    /**
     * Whether RIP's translation is still what it was when this block of the same RIP and mode was found. Cheaper than finding
     * it: page faults and INVLPG outdate every key.
     */
    private boolean leadsTo(Block block) {
        long base = is64() ? 0 : segmentBase(CS);
        return block.codeBase == base
                && withinLimit(block)
                && translateFetch(wrap(base + block.rip)) == block.gpa
                && (block.secondPage < 0 || secondPageUnchanged(block));
    }

    private boolean secondPageUnchanged(Block block) {
        long next = wrap((is64() ? 0 : segmentBase(CS)) + block.rip + block.length - 1 & ~0xfffL);
        return (translateFetch(next) & ~0xfffL) == block.secondPage;
    }

    private Block find(long rip) {
        while (true) {
            if (!is64() && rip > segmentLimit(CS)) {
                throw fault(Fault.GP, 0);
            }
            long base = is64() ? 0 : segmentBase(CS);
            long la = wrap(base + rip);
            long gpa = translateFetch(la);
            CodePages.Page page = pages.open(this, gpa);
            Block block = page.find(rip, mode(), base);
            if (block != null
                    && block.valid
                    && (block.secondPage < 0 || secondPageUnchanged(block))
                    && withinLimit(block)) {
                return block;
            }
            int version = page.version();
            block = builder.build(this, rip, base, la, gpa);
            if (block.secondPage >= 0) {
                // Track the second page before the bytes that count are read.
                CodePages.Page second = pages.open(this, block.secondPage);
                int secondVersion = second.version();
                block = builder.build(this, rip, base, la, gpa);
                if (block.secondPage != second.gpa || !second.addSpill(block, secondVersion)) {
                    continue;
                }
            }
            if (page.add(block, version)) {
                return block;
            }
        }
    }

    private boolean withinLimit(Block block) {
        return is64() || block.rip + block.length - 1 <= segmentLimit(CS);
    }

    final long wrapped(long la) {
        return wrap(la);
    }
}
