package portcullis.hypervisor.state;

import java.util.LinkedHashMap;
import java.util.Map;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Texts by topic, in their order. */
final class SavedText {
    private SavedText() {}

    static StateWriter write(Map<String, String> texts) {
        StateWriter out = new StateWriter();
        out.putInt(texts.size());
        texts.forEach((topic, text) -> {
            out.putString(topic);
            out.putString(text);
        });
        return out;
    }

    static Map<String, String> read(StateReader in) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (int count = in.getInt(); count > 0; count--) {
            String topic = in.getString();
            texts.put(topic, in.getString());
        }
        in.finish();
        return texts;
    }
}
