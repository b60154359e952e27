// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Types and ranges of every key of a manifest, and that the parts agree with each other. */
final class ManifestChecks {
    static final String MANIFEST = "manifest.json";
    static final String LABELS = "labels.json";
    private static final int FORMAT = 1;
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern MODEL = Pattern.compile(".*\\.(pdmodel|onnx|xml|nb)");

    private ManifestChecks() {}

    static void check(Place top) throws BundleException {
        Place format = top.object().get("format");
        if (!Long.valueOf(FORMAT).equals(format.value)) {
            throw format.refused("this program reads format " + FORMAT + "; export the bundle again");
        }
        for (String key : new String[] {"app", "task", "stage"}) {
            top.get(key).text();
        }
        for (String key : new String[] {"precision", "embedding"}) {
            top.get(key).oneOf("fp32", "int8");
        }
        architecture(top.get("architecture"));
        tensors(top.get("inputs"), true);
        tensors(top.get("outputs"), false);
        long positions = top.get("architecture").get("positions").count(1);
        if (top.get("max_length").count(2) > positions) {
            throw top.get("max_length").refused("the position table has only " + positions + " rows; export it again");
        }
        long rows = top.get("architecture").get("vocab_size").count(1);
        if (top.get("pad_id").count(0) >= rows) {
            throw top.get("pad_id").refused("the embedding has only " + rows + " rows");
        }
        Place rules = top.get("tokenizer").get("rules_version");
        if (rules.count(1) != CharacterRules.VERSION) {
            throw rules.refused("this program's tokenizer has rules " + CharacterRules.VERSION);
        }
        top.get("tokenizer").get("vocab_size").count(1);
        files(top.get("files"));
        others(top);
    }

    private static void others(Place top) throws BundleException {
        if (top.find("int8_ops") != null) {
            for (Place name : top.get("int8_ops").list()) {
                name.text();
            }
        }
        if (top.has("metrics")) {
            top.get("metrics").object();
        }
        if (top.has("engines")) {
            for (String name : top.get("engines").names()) {
                engine(top.get("engines").get(name), top.get("files"));
            }
        }
        if (top.find("decoder") != null) {
            decoder(top.get("decoder"));
        }
    }

    private static void architecture(Place place) throws BundleException {
        place.get("name").text();
        long layers = place.get("layers").count(1);
        for (String key : new String[] {"hidden", "vocab_size", "positions"}) {
            place.get(key).count(1);
        }
        for (String key : new String[] {"heads", "ffn"}) {
            List<Place> sizes = place.get(key).list();
            if (sizes.size() != layers) {
                throw place.get(key).refused("it must have " + layers + " entries");
            }
            for (Place size : sizes) {
                size.count(1);
            }
        }
    }

    private static void tensors(Place tensors, boolean inputs) throws BundleException {
        Set<String> names = new HashSet<String>();
        for (Place tensor : tensors.list()) {
            names.add(tensor.get("name").text());
            List<Place> shape = tensor.get("shape").list();
            long last = -1;
            for (Place axis : shape) {
                last = Long.valueOf(-1).equals(axis.value) ? -1 : axis.count(1);
            }
            if (inputs) {
                tensor.get("dtype").oneOf("int32", "int64");
            } else if (last == -1) {
                throw tensor.get("shape").refused("the last axis of an output must have a known width");
            }
        }
        if (names.isEmpty() || names.size() != tensors.list().size()) {
            throw tensors.refused("it must name at least one tensor, and none twice");
        }
    }

    private static void files(Place files) throws BundleException {
        boolean model = false;
        for (String name : files.names()) {
            if (!FILE_NAME.matcher(name).matches() || name.equals(MANIFEST)) {
                throw files.refused(Show.value(name) + " in it is not the plain name of a bundle's file");
            }
            files.get(name).get("bytes").count(0);
            if (!SHA256.matcher(files.get(name).get("sha256").text()).matches()) {
                throw files.get(name).get("sha256").refused("a sha256 is 64 hexadecimal digits");
            }
            model |= MODEL.matcher(name).matches();
        }
        files.get(Vocabulary.FILE);
        files.get(LABELS);
        if (!model) {
            throw files.refused("it lists no model (.pdmodel, .onnx, .xml or .nb); export the bundle again");
        }
    }

    private static void engine(Place entry, Place files) throws BundleException {
        entry.get("passed").truth();
        entry.get("precision").oneOf("fp32", "bf16", "fp16", "int8");
        if (!files.has(entry.get("file").text())) {
            throw entry.get("file").refused("`files` does not list it; export the bundle again");
        }
        for (String key : new String[] {"max_abs_diff", "agreement"}) {
            if (entry.find(key) != null) {
                entry.get(key).number();
            }
        }
    }

    private static void decoder(Place decoder) throws BundleException {
        decoder.get("default").text();
        if (decoder.find("transitions") != null) {
            transitions(decoder.get("transitions"));
        }
    }

    static Transitions transitions(Place place) throws BundleException {
        int tags = place.get("start").list().size();
        float[] start = place.get("start").numbers(tags);
        float[] end = place.get("end").numbers(tags);
        float[][] into = new float[tags][tags];
        int from = 0;
        for (Place row : place.get("pairs").list(tags)) {
            float[] scores = row.numbers(tags);
            for (int to = 0; to < tags; to++) {
                into[to][from] = scores[to];
            }
            from++;
        }
        return new Transitions(start, end, into);
    }
}
