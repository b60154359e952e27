// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertEquals;

import java.util.Collections;
import org.junit.Test;

public class AnswerJsonTest {
    @Test
    public void numbersAsPythonWritesThem() {
        String[] wanted = {"0.0", "1.0", "0.5", "0.333333", "0.0001", "1e-05", "1.2e-05", "9.9e-05", "0.123457", "1e-06"};
        double[] values = {0, 1, 0.5, 0.333333, 1e-4, 1e-5, 1.2e-5, 9.9e-5, 0.123457, 1e-6};
        for (int i = 0; i < values.length; i++) {
            assertEquals(wanted[i], AnswerJson.number(values[i]));
        }
    }

    @Test
    public void roundingIsThatOfTheExactValue() {
        assertEquals(0.123457, AnswerJson.rounded(0.1234565000000001), 0);
        assertEquals(0.0, AnswerJson.rounded(4.9e-7), 0);
        assertEquals(0.333333, AnswerJson.rounded(1 / 3.0), 0);
        assertEquals(1.0, AnswerJson.rounded(0.99999999), 0);
    }

    private static String line(String text) {
        return new Answer(text, "a \"b\"", 0.25, Collections.<Slot>emptyList(), true).toJson();
    }

    @Test
    public void escapesAsPythonWritesThem() {
        assertEquals(
                "{\"text\": \"\\\" \\\\ / \\n \\r \\t \\b \\f \\u0000 \\u001f \u007f \u2028 中😀\", \"intent\": \"a \\\"b\\\"\", "
                        + "\"confidence\": 0.25, \"slots\": [], \"truncated\": true}",
                line("\" \\ / \n \r \t \b \f \0 \u001f \u007f \u2028 中😀"));
    }

    @Test
    public void whatUtf8CannotHoldIsEscaped() {
        assertEquals(
                "{\"text\": \"\\ud800\\u4e2d\\ud83d\\ude00\\u007f\", \"intent\": \"a \\\"b\\\"\", \"confidence\": 0.25, "
                        + "\"slots\": [], \"truncated\": true}",
                line("\ud800中😀\u007f"));
    }

    @Test
    public void nothingRead() {
        assertEquals(
                "{\"text\": \" \", \"intent\": null, \"confidence\": 0.0, \"slots\": [], \"reason\": \"empty\"}",
                Answer.empty(" ").toJson());
    }
}
