// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public class RulesTest {
    @Rule
    public final TemporaryFolder temporary = new TemporaryFolder();

    @Test
    public void kindsAndReplacements() throws Exception {
        CharacterRules rules = Given.rules();
        int[] codes = {'a', '中', ',', ' ', 0, 0xAD, 0x10FFFF, 0x3007, 0xD800};
        byte[] kinds = {CharacterRules.JOINS, CharacterRules.CJK, CharacterRules.ISOLATE, CharacterRules.SPACE,
            CharacterRules.DROP, CharacterRules.DROP, CharacterRules.DROP, CharacterRules.ISOLATE, CharacterRules.DROP};
        for (int i = 0; i < codes.length; i++) {
            assertEquals(Integer.toHexString(codes[i]), kinds[i], rules.kind(codes[i]));
        }
        assertArrayEquals(new int[] {'a'}, rules.replacement('A'));
        assertArrayEquals(new int[] {'e'}, rules.replacement('É'));
        assertArrayEquals(new int[] {0x1112, 0x1161, 0x11AB}, rules.replacement('한'));
        assertArrayEquals(new int[] {0x1112, 0x1161}, rules.replacement('하'));
    }

    @Test
    public void damagedRulesAreOneLine() throws Exception {
        String[][] cases = {
            {"", "not the character rules of version 1"},
            {"rules 2\n[drop]\n00\n", "not the character rules of version 1"},
            {"rules 1\n[drop]\nxyz\n", ":3: `xyz` is no rule"},
            {"rules 1\n[drop]\n1-2-3\n", ":3: `1-2-3` is no rule"},
            {"rules 1\n[drop]\n110000\n", ":3: `110000` is no rule"},
            {"rules 1\n[unheard]\n11\n", ":3: `11` is no rule"},
            {"rules 1\n[map]\n41\n", ":3: `41` is no rule"},
            {"rules 1\n[map]\n41=\n", ":3: `41=` is no rule"},
            {"rules 1\n[map]\n41=61\n41=62\n", "two rules for 41"},
        };
        for (String[] each : cases) {
            Given.write(new File(temporary.getRoot(), CharacterRules.FILE), each[0]);
            try {
                CharacterRules.read(new FolderFiles(temporary.getRoot()));
                fail("taken: " + each[0]);
            } catch (BundleException fault) {
                assertTrue(fault.getMessage(), fault.getMessage().contains(each[1]));
            }
        }
    }

    @Test
    public void theLengthIsAtLeastTwo() throws Exception {
        assertArrayEquals(new int[] {1, 2}, Given.tokenizer().encode("你好", 2).ids);
        try {
            Given.tokenizer().encode("", 1);
            fail("no room for [CLS] and [SEP]");
        } catch (IllegalArgumentException fault) {
            assertEquals("maxLength must be at least 2, got 1", fault.getMessage());
        }
    }
}
