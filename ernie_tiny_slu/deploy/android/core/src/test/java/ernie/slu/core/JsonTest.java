// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import java.util.Collections;
import org.junit.Test;

public class JsonTest {
    private static Object parse(String text) throws BundleException {
        return Json.parse(text, "f.json");
    }

    @Test
    public void values() throws Exception {
        assertEquals(Arrays.<Object>asList(1L, -0.5, "a\n\u4e2d😀", null, true, 1e3),
                parse(" [1, -0.5, \"a\\n\\u4e2d\\ud83d\\ude00\", null, true, 1E3]\n"));
        assertEquals(Collections.<String, Object>singletonMap("a", 2L), parse("{\"a\": 1, \"a\": 2}"));
        assertEquals(new java.math.BigInteger("12345678901234567890"), parse("12345678901234567890"));
        assertTrue(Double.isNaN((Double) parse("NaN")));
        assertEquals(Double.NEGATIVE_INFINITY, parse("-Infinity"));
    }

    @Test
    public void everythingElseIsOneLine() {
        String[] texts = {
            "", " ", "[", "[1", "[1,", "[1,]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:1}",
            "01", "-", "1.", ".5", "1e", "+1", "0x1", "truE", "nulL", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
            "\"a\nb\"", "1 2", "[]]", "\u0000", "--1", "-NaN", "[" + new String(new char[5000]).replace("\0", "9") + "]",
        };
        for (String text : texts) {
            refused(text);
        }
    }

    private static void refused(String text) {
        try {
            parse(text);
            fail("taken: " + text);
        } catch (BundleException fault) {
            assertTrue(fault.getMessage(), fault.getMessage().startsWith("f.json:1: not JSON")
                    || fault.getMessage().startsWith("f.json:2: not JSON"));
            assertEquals(-1, fault.getMessage().indexOf('\n'));
        }
    }

    @Test
    public void nestingHasAnEnd() throws Exception {
        String deep = new String(new char[Json.DEEPEST]).replace('\0', '[');
        parse(deep + deep.replace('[', ']'));
        refused("[" + deep + deep.replace('[', ']') + "]");
        refused(new String(new char[1000000]).replace('\0', '['));
    }
}
