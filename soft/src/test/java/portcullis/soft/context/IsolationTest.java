package portcullis.soft.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.DescriptorTable;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.soft.LongMode;

/** Every register is a context's own or all contexts', in both directions (TLFS vsm.md, "Virtual Processor State Isolation"). */
class IsolationTest {
    private static final int LEGACY_X87 = 32;
    private static final int YMM_HIGH = 576;
    private static final int FCW = 0;
    private static final int MXCSR = 24;
    private static final int XSTATE_BV = 512;

    record Item(
            String name,
            boolean isPrivate,
            ToLongFunction<VirtualCpu> get,
            BiConsumer<VirtualCpu, Long> set,
            long first,
            long second) {
        @Override
        public String toString() {
            return name + (isPrivate ? " is private" : " is shared");
        }
    }

    private static Item register(Register register, boolean isPrivate, long first, long second) {
        return new Item(
                register.name(), isPrivate, cpu -> cpu.get(register), (cpu, v) -> cpu.set(register, v), first, second);
    }

    private static Item msr(String name, int number, boolean isPrivate, long first, long second) {
        return new Item(name, isPrivate, cpu -> cpu.msr(number), (cpu, v) -> cpu.setMsr(number, v), first, second);
    }

    private static Item extended(String name, int offset, long first, long second) {
        return new Item(
                name,
                false,
                cpu -> bytes(cpu.extendedState()).getShort(offset) & 0xffffL,
                (cpu, v) -> {
                    byte[] image = cpu.extendedState();
                    bytes(image).putLong(XSTATE_BV, 7).putShort(offset, v.shortValue());
                    cpu.setExtendedState(image);
                },
                first,
                second);
    }

    private static ByteBuffer bytes(byte[] image) {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void segments(List<Item> items) {
        for (SegmentRegister register : SegmentRegister.values()) {
            int type = register == SegmentRegister.CS || register == SegmentRegister.TR ? 0xb : 3;
            int system = register.ordinal() < 6 ? Segment.S : 0;
            for (int part = 0; part < 4; part++) {
                int which = part;
                items.add(new Item(
                        register + new String[] {" selector", " base", " limit", " attributes"}[part],
                        true,
                        cpu -> part(cpu.segment(register), which),
                        (cpu, v) -> cpu.setSegment(register, changed(cpu.segment(register), which, v)),
                        part == 3 ? type | system | Segment.P | Segment.DB : 0x30,
                        part == 3 ? type | system | Segment.P | Segment.G : 0x40));
            }
        }
    }

    private static long part(Segment segment, int which) {
        return switch (which) {
            case 0 -> segment.selector();
            case 1 -> segment.base();
            case 2 -> segment.limit();
            default -> segment.attributes();
        };
    }

    private static Segment changed(Segment s, int which, long value) {
        return new Segment(
                which == 0 ? (int) value : s.selector(),
                which == 1 ? value : s.base(),
                which == 2 ? (int) value : s.limit(),
                which == 3 ? (int) value : s.attributes());
    }

    static Stream<Item> items() {
        List<Item> items = new ArrayList<>();
        for (Register general : List.of(Register.values()).subList(0, 16)) {
            items.add(register(general, general == Register.RSP, 0x1111_2222_3333_4444L, 0x5555_6666_7777_8888L));
        }
        items.add(register(Register.RIP, true, 0x1000, 0x2000));
        items.add(register(Register.RFLAGS, true, 0x246, 0x883));
        items.add(register(Register.CR0, true, 0x31, 0x11));
        items.add(register(Register.CR2, false, 0x1000, 0x2000));
        items.add(register(Register.CR3, true, 0x10000, 0x20000));
        items.add(register(Register.CR4, true, 0x20, 0x600));
        items.add(register(Register.CR8, true, 3, 4));
        items.add(register(Register.XCR0, false, 7, 3));
        items.add(register(Register.EFER, true, 0x800, 1));
        items.add(register(Register.DR0, false, 0x1000, 0x2000));
        items.add(register(Register.DR1, false, 0x1001, 0x2001));
        items.add(register(Register.DR2, false, 0x1002, 0x2002));
        items.add(register(Register.DR3, false, 0x1003, 0x2003));
        items.add(register(Register.DR6, true, 0xffff0ff1L, 0xffff4ff0L));
        items.add(register(Register.DR7, true, 0x401, 0x402));
        segments(items);
        items.add(table("GDTR base", VirtualCpu::gdt, VirtualCpu::setGdt, true));
        items.add(table("GDTR limit", VirtualCpu::gdt, VirtualCpu::setGdt, false));
        items.add(table("IDTR base", VirtualCpu::idt, VirtualCpu::setIdt, true));
        items.add(table("IDTR limit", VirtualCpu::idt, VirtualCpu::setIdt, false));
        items.add(msr("SYSENTER_CS", 0x174, true, 8, 16));
        items.add(msr("SYSENTER_ESP", 0x175, true, 8, 16));
        items.add(msr("SYSENTER_EIP", 0x176, true, 8, 16));
        items.add(msr("STAR", 0xc0000081, true, 8, 16));
        items.add(msr("LSTAR", 0xc0000082, true, 8, 16));
        items.add(msr("CSTAR", 0xc0000083, true, 8, 16));
        items.add(msr("SFMASK", 0xc0000084, true, 8, 16));
        items.add(msr("FS.BASE", 0xc0000100, true, 8, 16));
        items.add(msr("GS.BASE", 0xc0000101, true, 8, 16));
        items.add(msr("KERNEL_GS_BASE", 0xc0000102, true, 8, 16));
        items.add(msr("TSC_AUX", 0xc0000103, true, 8, 16));
        items.add(msr("PAT", 0x277, true, 0x0606060606060606L, 0));
        items.add(msr("TSC_ADJUST", 0x3b, true, 1L << 40, 2L << 40));
        items.add(msr("MTRR_DEF_TYPE", 0x2ff, false, 0x806, 0xc06));
        items.add(msr("MTRR_PHYSBASE0", 0x200, false, 6, 0x1006));
        items.add(msr("MTRR_PHYSMASK7", 0x20f, false, 0x800, 0x1800));
        items.add(msr("MTRR_FIX64K", 0x250, false, 0x0606060606060606L, 0));
        items.add(msr("MTRR_FIX4K_F8000", 0x26f, false, 0x0606060606060606L, 0));
        items.add(msr("MCG_STATUS", 0x17a, false, 4, 1));
        items.add(msr("MISC_ENABLE", 0x1a0, false, 9, 1));
        items.add(extended("x87 control word", FCW, 0x37f, 0x27f));
        items.add(extended("x87 register", LEGACY_X87, 0x1234, 0x4321));
        items.add(extended("MXCSR", MXCSR, 0x1f80, 0x1fa0));
        items.add(extended("YMM0", YMM_HIGH, 0x1234, 0x4321));
        for (int i = 0; i < 16; i++) {
            int number = i;
            items.add(new Item(
                    "YMM" + i,
                    false,
                    cpu -> cpu.vector(number, number & 3),
                    (cpu, v) -> cpu.setVector(number, number & 3, v),
                    0x1234,
                    0x4321));
        }
        return items.stream();
    }

    private static Item table(
            String name,
            java.util.function.Function<VirtualCpu, DescriptorTable> get,
            BiConsumer<VirtualCpu, DescriptorTable> set,
            boolean base) {
        return new Item(
                name,
                true,
                cpu -> base ? get.apply(cpu).base() : get.apply(cpu).limit(),
                (cpu, v) -> {
                    DescriptorTable old = get.apply(cpu);
                    set.accept(
                            cpu,
                            base ? new DescriptorTable(v, old.limit()) : new DescriptorTable(old.base(), v.intValue()));
                },
                0x111,
                0x222);
    }

    @ParameterizedTest
    @MethodSource("items")
    void shouldBe(Item item) {
        for (int other = 1; other < 3; other++) {
            try (LongMode machine = new LongMode()) {
                VirtualCpu cpu = machine.cpu;
                cpu.reset(false);
                long reset = item.get.applyAsLong(cpu);
                cpu.set(Register.XCR0, item.first == 7 ? 1 : 7);
                item.set.accept(cpu, item.first);
                assertEquals(item.first, item.get.applyAsLong(cpu));
                cpu.switchContext(other);
                assertEquals(other, cpu.context());
                assertEquals(item.isPrivate ? reset : item.first, item.get.applyAsLong(cpu), "first entry");
                item.set.accept(cpu, item.second);
                cpu.switchContext(0);
                assertEquals(item.isPrivate ? item.first : item.second, item.get.applyAsLong(cpu), "back");
                cpu.switchContext(other);
                assertEquals(item.second, item.get.applyAsLong(cpu), "again");
                cpu.switchContext(3 - other);
                assertEquals(item.isPrivate ? reset : item.second, item.get.applyAsLong(cpu), "the third");
            }
        }
    }

    @Test
    void shouldKeepTimeStampsApart() {
        try (LongMode machine = new LongMode()) {
            VirtualCpu cpu = machine.cpu;
            cpu.setMsr(0x10, 1L << 50);
            cpu.switchContext(1);
            assertEquals(0, cpu.msr(0x10) >>> 49);
            cpu.switchContext(0);
            assertEquals(1, cpu.msr(0x10) >>> 50);
        }
    }

    @Test
    void shouldForgetOtherContextsAtResetAndNotAtInit() {
        try (LongMode machine = new LongMode()) {
            VirtualCpu cpu = machine.cpu;
            cpu.switchContext(1);
            cpu.set(Register.CR3, 0x5000);
            cpu.switchContext(2);
            cpu.reset(true);
            assertEquals(2, cpu.context());
            cpu.switchContext(1);
            assertEquals(0x5000, cpu.get(Register.CR3));
            cpu.reset(false);
            assertEquals(0, cpu.context());
            cpu.switchContext(1);
            assertEquals(0, cpu.get(Register.CR3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, Integer.MAX_VALUE})
    void shouldRefuseContextsThatDoNotExist(int context) {
        try (LongMode machine = new LongMode()) {
            assertThrows(IllegalArgumentException.class, () -> machine.cpu.switchContext(context));
        }
    }
}
