// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import ernie.slu.app.PaddleLiteRunner;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/**
 * A real bundle on the real Paddle Lite for x86, the same steps as on a phone: `-Dslu.bundle` is its folder,
 * `-Dslu.expected` a file that test_android_lite.py wrote with the Python client: ids, logits, and the JSON of its own
 * Paddle Lite.
 */
public class EndToEndTest {
    private static final float TOLERANCE = 1e-4f;

    @Rule
    public final TemporaryFolder temporary = new TemporaryFolder();

    @Test
    public void logitsAndJsonAreThoseOfPython() throws Exception {
        Bundle bundle = Bundle.read(new FolderFiles(new File(Given.property("bundle"))));
        bundle.requireInt32();
        String name = bundle.modelFile(Bundle.X86);
        File model = ModelCache.file(bundle, name, temporary.getRoot());
        PaddleLiteRunner engine = new PaddleLiteRunner(model, 1, bundle.outputs());
        SluPredictor predictor = SluPredictor.of(bundle, Given.rules(), engine);
        WordPieceTokenizer tokenizer = new WordPieceTokenizer(bundle.vocabulary, Given.rules());
        List<Map<String, Object>> lines = Given.jsonLines(new File(Given.property("expected")));
        assertTrue(lines.size() + " sentences", lines.size() >= 20);
        float worst = 0;
        for (Map<String, Object> line : lines) {
            String text = (String) line.get("text");
            int[] ids = tokenizer.encode(text, bundle.maxLength).ids;
            assertArrayEquals(text, Given.ints(line.get("ids")), ids);
            float[][] found = predictor.run(ids);
            worst = Math.max(worst, compare(text, line.get("intent_logits"), found[bundle.output("intent")]));
            worst = Math.max(worst, compare(text, line.get("slot_logits"), found[bundle.output("slot")]));
            assertEquals(line.get("answer"), predictor.answer(text).toJson());
        }
        System.out.println("largest difference of " + lines.size() + " sentences: " + worst);
    }

    /** The expected values against as many of the found ones; what follows is padding. */
    private static float compare(String text, Object expected, float[] found) {
        float[] wanted = Given.floats(expected);
        assertArrayEquals(text, wanted, Arrays.copyOf(found, wanted.length), TOLERANCE);
        float worst = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - found[i]));
        }
        return worst;
    }
}
