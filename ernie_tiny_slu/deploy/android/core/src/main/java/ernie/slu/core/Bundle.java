// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A checked bundle: the folder (or assets) with all that deployment reads. It is read as a stranger's: no engine opens a
 * model file before its size and sha256 match the manifest and the parts agree with each other.
 */
public final class Bundle {
    public static final String TASK = "joint_intent_slot";
    /** Paddle Lite on a phone, and its x86 build, which only tests use. */
    public static final String ARM = "paddlelite_arm";
    public static final String X86 = "paddlelite";

    public final int maxLength;
    public final int padId;
    public final String precision;
    public final String[] intents;
    public final String[] tags;
    public final Vocabulary vocabulary;
    final BundleFiles files;
    private final Place manifest;

    private Bundle(BundleFiles files, Place manifest, Place labels, Vocabulary vocabulary) throws BundleException {
        this.files = files;
        this.manifest = manifest;
        this.vocabulary = vocabulary;
        maxLength = manifest.get("max_length").size(2);
        padId = manifest.get("pad_id").size(0);
        precision = manifest.get("precision").text();
        intents = strings(labels, "intent");
        tags = strings(labels, "slot");
    }

    /** Checks from end to end: manifest, sizes, sha256 sums, vocabulary, labels, lengths. */
    public static Bundle read(BundleFiles files) throws BundleException {
        String place = files.place() + "/";
        Place manifest = json(files, ManifestChecks.MANIFEST);
        ManifestChecks.check(manifest);
        String task = manifest.get("task").text();
        if (!task.equals(TASK)) {
            throw manifest.get("task").refused("`" + TASK + "` was asked for");
        }
        for (String name : manifest.get("files").names()) {
            checkFile(files, name, manifest.get("files").get(name));
        }
        Vocabulary vocabulary = Vocabulary.read(files);
        long rows = manifest.get("architecture").get("vocab_size").count(1);
        long declared = manifest.get("tokenizer").get("vocab_size").count(1);
        if (vocabulary.size != rows || vocabulary.size != declared) {
            throw BundleException.wrong(place + ManifestChecks.MANIFEST + ": vocab.txt has " + vocabulary.size
                    + " tokens, the tokenizer declares " + declared + ", the embedding has " + rows
                    + " rows; the three must be equal, export the bundle again");
        }
        Place labels = json(files, ManifestChecks.LABELS);
        LabelChecks.check(labels, manifest);
        Bundle bundle = new Bundle(files, manifest, labels, vocabulary);
        bundle.output("intent");
        bundle.output("slot");
        return bundle;
    }

    private static Place json(BundleFiles files, String name) throws BundleException {
        String where = files.place() + "/" + name;
        return Place.top(Json.parse(Text.read(files, name), where), where);
    }

    private static void checkFile(BundleFiles files, String name, Place entry) throws BundleException {
        String where = files.place() + "/" + name;
        if (!files.has(name)) {
            throw BundleException.missing(where + ": no such file, though the manifest lists it; copy the bundle again");
        }
        long bytes = entry.get("bytes").count(0);
        Sha256 found;
        try (InputStream stream = files.open(name)) {
            found = Sha256.of(stream, bytes, null);
        } catch (IOException fault) {
            throw BundleException.wrong(where + ": cannot be read: " + Show.line(fault));
        }
        if (found.bytes != bytes) {
            throw BundleException.wrong(where + ": " + (found.bytes > bytes ? "more than " + bytes : found.bytes)
                    + " bytes, but the manifest says " + bytes + "; the file is damaged, copy it again");
        }
        if (!found.hex.equals(entry.get("sha256").text())) {
            throw BundleException.wrong(where + ": sha256 " + found.hex.substring(0, 12) + "..., but the manifest says "
                    + entry.get("sha256").text().substring(0, 12) + "...; the file was changed, copy the bundle again");
        }
    }

    private static String[] strings(Place labels, String name) throws BundleException {
        List<String> found = new ArrayList<String>();
        for (Place label : labels.get(name).list()) {
            found.add(label.text());
        }
        return found.toArray(new String[0]);
    }

    /** The place of `name`_logits among the outputs. */
    int output(String name) throws BundleException {
        List<Place> outputs = manifest.get("outputs").list();
        for (int i = 0; i < outputs.size(); i++) {
            if (outputs.get(i).get("name").text().equals(name + "_logits")) {
                return i;
            }
        }
        throw manifest.get("outputs").refused("no output for `" + name + "`; export the bundle again");
    }

    public int outputs() throws BundleException {
        return manifest.get("outputs").list().size();
    }

    /** Phones are fed int32, and an int64 model would read those wrongly without an error; there is one input. */
    public void requireInt32() throws BundleException {
        List<Place> inputs = manifest.get("inputs").list();
        if (inputs.size() != 1) {
            throw manifest.get("inputs").refused("Paddle Lite's Java API has no inputs by name; export one input");
        }
        if (!inputs.get(0).get("dtype").text().equals("int32")) {
            throw inputs.get(0).get("dtype").refused("Paddle Lite takes int32; export with --input_dtype int32");
        }
    }

    /** Name of the file that an engine opens, if the parity gate did not refuse the engine. */
    public String modelFile(String engine) throws BundleException {
        Place engines = manifest.has("engines") ? manifest.get("engines") : null;
        Place entry = engines != null && engines.has(engine) ? engines.get(engine) : null;
        if (entry != null && !entry.get("passed").truth()) {
            throw entry.refused("the parity gate did not pass on " + engine + "; export the bundle again");
        }
        String name = entry != null ? entry.get("file").text() : engine.equals(ARM) ? "model.arm.nb" : "model.x86.nb";
        if (!manifest.get("files").has(name)) {
            throw BundleException.missing(
                    files.place() + ": no " + name + " among the manifest's files; run prepare_assets.sh");
        }
        return name;
    }

    long bytesOf(String file) throws BundleException {
        return manifest.get("files").get(file).get("bytes").count(0);
    }

    String sumOf(String file) throws BundleException {
        return manifest.get("files").get(file).get("sha256").text();
    }

    TagDecoder decoder() throws BundleException {
        Place decoder = manifest.find("decoder");
        Place learned = decoder == null ? null : decoder.find("transitions");
        return new TagDecoder(
                tags,
                decoder == null ? "bio" : decoder.get("default").text(),
                learned == null ? null : ManifestChecks.transitions(learned));
    }
}
