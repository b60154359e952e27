// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.io.IOException;
import java.util.Map;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public class BundleTest {
    @Rule
    public final TemporaryFolder temporary = new TemporaryFolder();

    private TinyBundle tiny;

    @Before
    public void make() throws IOException {
        tiny = new TinyBundle(temporary.getRoot());
    }

    @Test
    public void aGoodBundleIsRead() throws Exception {
        Bundle bundle = Bundle.read(new FolderFiles(tiny.folder));
        assertEquals(8, bundle.maxLength);
        assertArrayEquals(new String[] {"OTHERS", "play", "stop"}, bundle.intents);
        assertEquals(5, bundle.tags.length);
        assertEquals("model.arm.nb", bundle.modelFile(Bundle.ARM));
        bundle.requireInt32();
    }

    private void refused(String said) {
        BundleException fault = tiny.refusal();
        assertNotNull("was taken, though " + said, fault);
        assertTrue(fault.getMessage(), fault.getMessage().contains(said));
        assertFalse(fault.getMessage(), fault.getMessage().contains("\n"));
    }

    @Test
    public void everyKeyIsChecked() throws Exception {
        String[][] changes = {
            {"\"format\": 1", "\"format\": 2", "`format` is 2; this program reads format 1"},
            {"\"format\": 1", "\"format\": true", "`format` is true"},
            {"\"task\": \"joint_intent_slot\"", "\"task\": \"token\"", "`task` is `token`; `joint_intent_slot` was asked"},
            {"\"precision\": \"fp32\"", "\"precision\": \"fp\"", "`precision` is `fp`; it must be one of [fp32, int8]"},
            {"\"dtype\": \"int32\"", "\"dtype\": \"float32\"", "`inputs[0].dtype` is `float32`"},
            {"\"max_length\": 8", "\"max_length\": 17", "the position table has only 16 rows"},
            {"\"max_length\": 8", "\"max_length\": 99999999999999999999", "`max_length` is 99999999999999999999"},
            {"\"pad_id\": 0", "\"pad_id\": 10", "the embedding has only 10 rows"},
            {"\"rules_version\": 1", "\"rules_version\": 2", "`tokenizer.rules_version` is 2"},
            {"\"rules_version\": 1, \"vocab_size\": 10", "\"rules_version\": 1, \"vocab_size\": 9", "declares 9"},
            {"\"shape\": [-1, 3]", "\"shape\": [-1, 4]", "the output `intent_logits` is 4 wide"},
            {"\"shape\": [-1, 3]", "\"shape\": [-1, -1]", "must have a known width"},
            {"\"name\": \"slot_logits\"", "\"name\": \"tag_logits\"", "no output belongs to it"},
            {"\"vocab.txt\": {", "\"../vocab.txt\": {", "is not the plain name of a bundle's file"},
            {"\"vocab.txt\": {\"bytes\": ", "\"vocab.txt\": {\"bytes\": 1", "bytes, but the manifest says"},
            {"\"model.arm.nb\": {", "\"model.txt\": {", "lists no model"},
            {"\"default\": \"bio\", \"transitions\": null", "\"default\": []", "`decoder.default` is a list of 0"},
            {"\"transitions\": null", "\"transitions\": {\"start\": [0], \"end\": [1], \"pairs\": [[2]]}", "are for 1 tags"},
            {"\"transitions\": null", "\"transitions\": {\"start\": [0], \"end\": [1], \"pairs\": [[]]}", "pairs[0]"},
            {"\"transitions\": null", "\"transitions\": {\"start\": [NaN]}", "`decoder.transitions.start[0]` is NaN"},
            {"\"engines\": {}", "\"engines\": {\"paddle\": {\"passed\": 1}}", "`engines.paddle.passed` is 1"},
            {"\"app\": ", "\"ape\": ", "no key `app`"},
            {"\"stage\": \"original\"", "\"stage\": \"\\ud800\"", "half of a surrogate pair"},
            {"\"stage\": \"original\"", "\"stage\": \"\\u3000\"", "it must not be empty"},
            {"\"stage\": \"original\"", "\"stage\": \"a\nb\"", "a control character in a string"},
            {"\"metrics\": {\"loss\": NaN}", "\"metrics\": [", "not JSON"},
        };
        for (String[] change : changes) {
            tiny.write(change[0], change[1]);
            refused(change[2]);
        }
    }

    @Test
    public void damagedFilesAreRefusedBeforeAnythingReadsThem() throws Exception {
        tiny.writeText("model.arm.nb", "a model?");
        refused("model.arm.nb: more than 7 bytes, but the manifest says 7");
        tiny.writeText("model.arm.nb", "a mode");
        refused("model.arm.nb: 6 bytes, but the manifest says 7");
        tiny.writeText("model.arm.nb", "A model");
        refused("model.arm.nb: sha256");
        assertFalse(tiny.refusal().isMissing());
    }

    @Test
    public void anAbsentFileIsMissing() throws Exception {
        for (String name : new String[] {"model.arm.nb", "manifest.json"}) {
            assertTrue(new File(tiny.folder, name).delete());
            refused(name + ": no such file");
            assertTrue(tiny.refusal().isMissing());
        }
    }

    @Test
    public void labelsAndVocabularyAreChecked() throws Exception {
        String[][] changes = {
            {"labels.json", TinyBundle.LABELS.replace("stop", "play"), "stands there twice"},
            {"labels.json", TinyBundle.LABELS.replace("\"stop\"", "3"), "`intent[2]` is 3"},
            {"labels.json", TinyBundle.LABELS.replace("intent", "intend"), "no output belongs to it"},
            {"labels.json", "[]", "it must be an object"},
            {"labels.json", "", "labels.json:1: not JSON: it ends in the middle"},
            {"vocab.txt", TinyBundle.VOCABULARY.replace("[PAD]\n", "") + "[PAD]\n", "[PAD] must be the first token"},
            {"vocab.txt", TinyBundle.VOCABULARY.replace("放\n", "\n"), "vocab.txt:5: a blank line"},
            {"vocab.txt", TinyBundle.VOCABULARY.replace("[SEP]", "[END]"), "ends without a [SEP] token"},
            {"vocab.txt", TinyBundle.VOCABULARY + "多\n", "vocab.txt has 11 tokens"},
        };
        for (String[] change : changes) {
            tiny.writeText(change[0], change[1]);
            tiny.seal();
            refused(change[2]);
            tiny = new TinyBundle(tiny.folder);
        }
        tiny.write("vocab.txt", new byte[] {'a', (byte) 0xFF});
        tiny.seal();
        refused("vocab.txt: is not UTF-8");
    }

    @Test
    public void aGateThatDidNotPassIsRespected() throws Exception {
        String entry = "{\"file\": \"model.arm.nb\", \"precision\": \"int8\", \"passed\": ";
        tiny.write("\"engines\": {}", "\"engines\": {\"paddlelite_arm\": " + entry + "false}}");
        try {
            Bundle.read(new FolderFiles(tiny.folder)).modelFile(Bundle.ARM);
            fail("an engine that the gate refused was opened");
        } catch (BundleException fault) {
            assertTrue(fault.getMessage(), fault.getMessage().contains("did not pass on paddlelite_arm"));
        }
        tiny.write("\"engines\": {}", "\"engines\": {\"paddlelite_arm\": " + entry + "true}}");
        assertEquals("model.arm.nb", Bundle.read(new FolderFiles(tiny.folder)).modelFile(Bundle.ARM));
    }

    @Test
    public void phonesAreFedInt32() throws Exception {
        tiny.write("\"dtype\": \"int32\"", "\"dtype\": \"int64\"");
        try {
            Bundle.read(new FolderFiles(tiny.folder)).requireInt32();
            fail("int64 ids were taken for int32");
        } catch (BundleException fault) {
            assertTrue(fault.getMessage(), fault.getMessage().contains("--input_dtype int32"));
        }
    }

    /** Manifests and labels with a value changed anywhere: this reader refuses what Python's refuses, and no more. */
    @Test
    public void theVerdictsOfThePythonReader() throws Exception {
        int taken = 0;
        int refused = 0;
        for (Map<String, Object> line : Given.jsonLines(new File(Given.property("verdicts")))) {
            BundleException fault;
            try {
                Place manifest = Place.top(Json.parse((String) line.get("manifest"), "manifest.json"), "manifest.json");
                Place labels = Place.top(Json.parse((String) line.get("labels"), "labels.json"), "labels.json");
                ManifestChecks.check(manifest);
                LabelChecks.check(labels, manifest);
                taken++;
                fault = null;
            } catch (BundleException refusal) {
                refused++;
                fault = refusal;
            }
            String message = line.get("change") + ": Python says " + line.get("fault") + ", Java " + fault;
            assertEquals(message, line.get("fault") == null, fault == null);
            assertTrue(message, fault == null || !fault.getMessage().contains("\n"));
        }
        assertTrue(taken + " taken, " + refused + " refused", taken >= 50 && refused >= 500);
    }
}
