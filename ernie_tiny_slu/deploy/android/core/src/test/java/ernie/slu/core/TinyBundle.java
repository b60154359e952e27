// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A bundle of a few bytes in a folder: three intents, five tags, a vocabulary of ten tokens, a model of no engine. */
final class TinyBundle {
    static final String VOCABULARY = "[PAD]\n[CLS]\n[SEP]\n[UNK]\n放\n歌\n刘\n德\n华\n##a\n";
    static final String LABELS =
            "{\"intent\": [\"OTHERS\", \"play\", \"stop\"], \"slot\": [\"O\", \"B-singer\", \"I-singer\", \"B-song\", \"I-song\"]}";
    final File folder;

    TinyBundle(File folder) throws IOException {
        this.folder = folder;
        Given.write(new File(folder, "vocab.txt"), VOCABULARY);
        Given.write(new File(folder, "labels.json"), LABELS);
        Given.write(new File(folder, "model.arm.nb"), "a model");
        seal();
    }

    /** Writes the manifest anew, with the sums of the files as they are. */
    void seal() throws IOException {
        write("\"max_length\"", "\"max_length\"");
    }

    /** The same with one piece of the manifest's text in place of another. */
    void write(String piece, String other) throws IOException {
        String manifest = "{\"format\": 1, \"app\": \"ernie_tiny_slu\", \"task\": \"joint_intent_slot\", \"stage\": \"original\","
                + " \"precision\": \"fp32\", \"embedding\": \"fp32\","
                + " \"architecture\": {\"name\": \"tiny\", \"layers\": 1, \"hidden\": 4, \"heads\": [2], \"ffn\": [8],"
                + " \"vocab_size\": 10, \"positions\": 16},"
                + " \"inputs\": [{\"name\": \"input_ids\", \"shape\": [-1, -1], \"dtype\": \"int32\"}],"
                + " \"outputs\": [{\"name\": \"intent_logits\", \"shape\": [-1, 3]},"
                + " {\"name\": \"slot_logits\", \"shape\": [-1, -1, 5]}],"
                + " \"max_length\": 8, \"pad_id\": 0, \"tokenizer\": {\"rules_version\": 1, \"vocab_size\": 10},"
                + " \"decoder\": {\"default\": \"bio\", \"transitions\": null}, \"metrics\": {\"loss\": NaN},"
                + " \"engines\": {}, \"files\": {"
                + entry("vocab.txt") + ", " + entry("labels.json") + ", " + entry("model.arm.nb") + "}}";
        if (!manifest.contains(piece)) {
            throw new IllegalArgumentException("no " + piece + " in the manifest");
        }
        Given.write(new File(folder, "manifest.json"), manifest.replace(piece, other));
    }

    private String entry(String name) throws IOException {
        byte[] content = Given.bytes(new File(folder, name));
        Sha256 sum = Sha256.of(new ByteArrayInputStream(content), content.length, null);
        return "\"" + name + "\": {\"bytes\": " + sum.bytes + ", \"sha256\": \"" + sum.hex + "\"}";
    }

    /** The refusal of the bundle as it is, or null where it is taken. */
    BundleException refusal() {
        try {
            Bundle.read(new FolderFiles(folder));
            return null;
        } catch (BundleException fault) {
            return fault;
        }
    }

    void write(String name, byte[] content) throws IOException {
        Given.write(new File(folder, name), content);
    }

    void writeText(String name, String content) throws IOException {
        write(name, content.getBytes(StandardCharsets.UTF_8));
    }
}
