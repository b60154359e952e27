// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.List;
import java.util.Map;
import org.junit.Test;

/** The vectors that Python and C++ repeat as well: ids, offsets, and whole answers byte by byte. */
public class GoldenTest {
    @Test
    public void idsAndOffsetsOfTheWrittenCases() throws Exception {
        WordPieceTokenizer tokenizer = Given.tokenizer();
        List<Map<String, Object>> lines =
                Given.jsonLines(new File(Given.repository(), "tests/golden/tokenizer.jsonl"));
        assertTrue(lines.size() + " lines", lines.size() >= 300);
        for (Map<String, Object> line : lines) {
            check(tokenizer, line);
        }
    }

    private static Encoding check(WordPieceTokenizer tokenizer, Map<String, Object> line) {
        String text = (String) line.get("text");
        Number length = (Number) line.get("max_length");
        Encoding found = tokenizer.encode(text, length == null ? Integer.MAX_VALUE : length.intValue());
        assertArrayEquals(text, Given.ints(line.get("ids")), found.ids);
        List<?> offsets = (List<?>) line.get("offsets");
        assertEquals(text, offsets.size(), found.ids.length);
        for (int i = 0; i < offsets.size(); i++) {
            assertArrayEquals(text, Given.ints(offsets.get(i)), new int[] {found.begins[i], found.ends[i]});
        }
        assertEquals(text, line.get("truncated"), found.truncated);
        return found;
    }

    @Test
    public void tenThousandAnswersByteByByte() throws Exception {
        List<Map<String, Object>> lines = Given.jsonLines(new File(Given.property("answers")));
        Map<String, Object> head = lines.remove(0);
        String[] intents = Given.strings(head.get("intents"));
        String[] tags = Given.strings(head.get("tags"));
        Transitions learned = ManifestChecks.transitions(Place.top(head.get("transitions"), "answers"));
        WordPieceTokenizer tokenizer = Given.tokenizer();
        ToyEngine engine = new ToyEngine(intents.length, tags.length);
        for (Map<String, Object> line : lines) {
            check(tokenizer, line);
            TagDecoder decoder = new TagDecoder(tags, (String) line.get("decoder"), learned);
            int length = ((Number) line.get("max_length")).intValue();
            SluPredictor predictor = new SluPredictor(tokenizer, decoder, intents, tags, length, engine);
            String text = (String) line.get("text");
            assertEquals(line.get("answer"), predictor.answer(text).toJson());
        }
        String wanted = System.getProperty("slu.answers_count", "10000");
        assertEquals(wanted, String.valueOf(lines.size()));
    }

    /** The logits of make_answers.py: whole numbers only, so that every language gets the same bits. */
    private static final class ToyEngine implements Engine {
        private final int intents;
        private final int tags;

        ToyEngine(int intents, int tags) {
            this.intents = intents;
            this.tags = tags;
        }

        @Override
        public float[][] run(int[] ids) {
            long sum = 0;
            for (int id : ids) {
                sum += id;
            }
            float[] intent = new float[intents];
            for (int k = 0; k < intents; k++) {
                intent[k] = logit(7919L * (k + 1) * sum + 12345L * (k + 1) * (k + 1));
            }
            float[] slots = new float[ids.length * tags];
            for (int t = 0; t < ids.length; t++) {
                for (int k = 0; k < tags; k++) {
                    slots[t * tags + k] = logit(7919L * (k + 3) * ids[t] + 104729L * t + 777);
                }
            }
            return new float[][] {intent, slots};
        }

        private static float logit(long number) {
            return (float) (number % 2003 / 256.0 - 4);
        }
    }
}
