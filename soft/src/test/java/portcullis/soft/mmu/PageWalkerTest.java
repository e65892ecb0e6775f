package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.Access;
import portcullis.engine.Register;
import portcullis.engine.Translation;
import portcullis.soft.LongMode;

class PageWalkerTest {
    private static final long WINDOW = 0x40000000L;
    private static final long TABLE = 0x20000;
    private static final int USER = 5;
    private static final int USER_WRITABLE = 7;

    /** SDM 4.7: bit 5 tells that the key denies the access, whatever else does. */
    @ParameterizedTest
    @CsvSource({
        // rights of the page, PKRU's two bits of its key, access, error code
        USER_WRITABLE + ", 1, READ, 0x25",
        USER_WRITABLE + ", 1, WRITE, 0x27",
        USER_WRITABLE + ", 2, WRITE, 0x27",
        USER + ", 0, WRITE, 0x07",
        USER + ", 1, WRITE, 0x27",
        USER + ", 2, WRITE, 0x27",
    })
    void shouldTellOfProtectionKeys(int rights, int keyRights, Access access, String errorCode) {
        try (LongMode machine = new LongMode()) {
            machine.memory.putLong(0x11000 + 8, TABLE | USER_WRITABLE);
            machine.memory.putLong(TABLE, TABLE + 0x1000 | USER_WRITABLE);
            machine.memory.putLong(TABLE + 0x1000, 0x300000 | rights | 1L << 59);
            PageWalker walker = new PageWalker(machine.memory, 40);
            walker.context(
                    machine.cpu.get(Register.CR0),
                    machine.cpu.get(Register.CR3),
                    machine.cpu.get(Register.CR4) | PageWalker.CR4_PKE,
                    machine.cpu.get(Register.EFER),
                    keyRights << 2);
            assertEquals(
                    Translation.Result.PRIVILEGE_VIOLATION, walker.walk(WINDOW, access, true, false, false, false));
            assertEquals(Integer.decode(errorCode), walker.errorCode);
        }
    }
}
