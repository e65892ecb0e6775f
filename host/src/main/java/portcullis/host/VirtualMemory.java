package portcullis.host;

import portcullis.engine.Access;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.memory.GuestAddressException;

/** Through the page tables of a trust level of a VP as they are in memory: its TLB is not asked, and no bit is set. */
final class VirtualMemory extends Memory {
    private final VpLevel level;
    private final PhysicalMemory physical;

    VirtualMemory(Machine machine, VpLevel level) {
        super(machine);
        this.level = level;
        physical = new PhysicalMemory(machine, level.number());
    }

    @Override
    long backing(long gva) {
        TranslationRequest look = TranslationRequest.look(Access.READ, Privilege.EXEMPT);
        Translation found = level.ask(cpu -> cpu.translate(gva, look));
        if (found.result() != Translation.Result.SUCCESS) {
            throw new GuestAddressException(gva, 1);
        }
        return physical.backing(found.gpa());
    }
}
