package portcullis.soft.system;

import portcullis.soft.decode.OpcodeTable;

/** Registers the system instructions. */
public final class SystemSet {
    private SystemSet() {}

    public static void register(OpcodeTable table) {
        // Before the register forms of group 7 that are told apart by ModRM's reg field alone.
        MachineOp.register(table);
        TimeOp.register(table);
        RightsOp.register(table);
        ExtendedStateOp.register(table);
        CacheOp.register(table);
        DebugOp.register(table);
        ControlOp.register(table);
        TableOp.register(table);
        PortOp.register(table);
    }
}
