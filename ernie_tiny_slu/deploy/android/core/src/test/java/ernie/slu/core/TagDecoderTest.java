// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;

public class TagDecoderTest {
    private static final String[] TAGS = {"O", "B-a", "I-a", "B-b", "I-b"};

    private static float[][] scores(int... best) {
        float[][] logits = new float[best.length][TAGS.length];
        for (int i = 0; i < best.length; i++) {
            logits[i][best[i]] = 1;
        }
        return logits;
    }

    @Test
    public void argmaxTakesEachTokensBestAndTheFirstOfEquals() throws Exception {
        TagDecoder decoder = new TagDecoder(TAGS, "argmax", null);
        assertArrayEquals(new int[] {2, 4, 0}, decoder.decode(new float[][] {{0, 0, 1, 0, 0}, {0, 0, 0, 0, 1}, {1, 1, 1, 1, 1}}));
        assertArrayEquals(new int[0], decoder.decode(new float[0][]));
    }

    @Test
    public void bioNeverBreaksTheRule() throws Exception {
        TagDecoder decoder = new TagDecoder(TAGS, "bio", null);
        assertArrayEquals(new int[] {1, 2, 0}, decoder.decode(scores(1, 2, 0)));
        float[][] logits = {{0, 0.5f, 1, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 0.9f, 1}};
        assertArrayEquals(new int[] {1, 2, 3}, decoder.decode(logits));
    }

    @Test
    public void crfAddsItsScores() throws Exception {
        float[][] into = new float[5][5];
        into[0][0] = 9; // [to][from]: O after O
        Transitions learned = new Transitions(new float[5], new float[] {0, 0, 21, 0, 0}, into);
        TagDecoder decoder = new TagDecoder(TAGS, "crf", learned);
        assertArrayEquals(new int[] {0, 0, 1, 2}, decoder.decode(scores(0, 1, 0, 0)));
        try {
            new TagDecoder(TAGS, "crf", null);
            fail("a crf without transitions");
        } catch (BundleException fault) {
            assertTrue(fault.getMessage().contains("has no transitions"));
        }
    }

    @Test
    public void anUnknownDecoderIsRefused() {
        try {
            new TagDecoder(TAGS, "beam", null);
            fail("beam was taken");
        } catch (BundleException fault) {
            assertEquals("decoder must be one of argmax, bio, crf, got `beam`", fault.getMessage());
        }
    }

    @Test
    public void stretchesAreCountedInCodePoints() {
        String text = "😀a😀b";
        int[] ends = {0, 1, 2, 3, 4, 0};
        int[] begins = {0, 0, 1, 2, 3, 0};
        Encoding encoding = new Encoding(new int[6], begins, ends, false);
        List<Slot> found = Slot.of(new int[] {0, 2, 2, 4}, TAGS, encoding, Text.codePoints(text));
        assertEquals(2, found.size());
        assertEquals("a a😀 1 2", show(found.get(0)));
        assertEquals("b b 3 3", show(found.get(1)));
    }

    private static String show(Slot slot) {
        return slot.name + " " + slot.entity + " " + slot.first + " " + slot.last;
    }
}
