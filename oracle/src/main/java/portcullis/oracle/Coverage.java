package portcullis.oracle;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import portcullis.oracle.generate.Item;
import portcullis.oracle.generate.TestCase;
import portcullis.soft.decode.Decoder;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.Mode;
import portcullis.soft.decode.OpcodeTable;

/** Which lines of the software processor's opcode table test cases reach, so that nothing decodable is forgotten. */
final class Coverage {
    private final OpcodeTable table;
    private final Decoder decoder;
    private final Set<Encoding> reached = Collections.newSetFromMap(new IdentityHashMap<>());

    Coverage(OpcodeTable table) {
        this.table = table;
        decoder = new Decoder(table);
    }

    void note(TestCase test) {
        for (Item item : test.items()) {
            byte[] code = item.code();
            int at = 0;
            while (at < code.length) {
                int available = Math.min(Decoder.MAX_LENGTH, code.length - at);
                System.arraycopy(code, at, decoder.bytes, 0, available);
                decoder.available = available;
                Instruction instruction = decoder.decode(0, Mode.CODE64 | Mode.LONG | Mode.PROTECTED);
                if (instruction == null || instruction.encoding == null) {
                    break;
                }
                reached.add(instruction.encoding);
                at += instruction.length;
            }
        }
    }

    /** Encodings valid in 64-bit mode that no case noted so far contains. */
    List<Encoding> missing() {
        List<Encoding> missing = new ArrayList<>();
        for (Encoding encoding : table.all()) {
            if (encoding.requiredMode64() != 0 && !reached.contains(encoding)) {
                missing.add(encoding);
            }
        }
        return missing;
    }
}
