// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * tokenizer_rules.txt in memory, the character rules that Python, C++ and Java share; its header says what the sections
 * mean. The platform's own Unicode tables are never asked: they differ from phone to phone.
 */
public final class CharacterRules {
    public static final String FILE = "tokenizer_rules.txt";
    static final int VERSION = 1;
    static final byte JOINS = 0;
    static final byte DROP = 1;
    static final byte SPACE = 2;
    static final byte CJK = 3;
    static final byte ISOLATE = 4;
    private static final List<String> SECTIONS = Arrays.asList("", "[drop]", "[space]", "[cjk]", "[isolate]");
    private static final int HANGUL = 0xAC00;
    private static final int HANGUL_COUNT = 11172;

    private final int[] firsts;
    private final int[] lasts;
    private final byte[] kinds;
    private final int[] mapped;
    private final int[][] replacements;

    private CharacterRules(List<int[]> runs, List<int[]> map) {
        firsts = new int[runs.size()];
        lasts = new int[runs.size()];
        kinds = new byte[runs.size()];
        for (int i = 0; i < firsts.length; i++) {
            firsts[i] = runs.get(i)[0];
            lasts[i] = runs.get(i)[1];
            kinds[i] = (byte) runs.get(i)[2];
        }
        mapped = new int[map.size()];
        replacements = new int[map.size()][];
        for (int i = 0; i < mapped.length; i++) {
            mapped[i] = map.get(i)[0];
            replacements[i] = Arrays.copyOfRange(map.get(i), 1, map.get(i).length);
        }
    }

    public static CharacterRules read(BundleFiles files) throws BundleException {
        List<int[]> runs = new ArrayList<int[]>();
        List<int[]> map = new ArrayList<int[]>();
        String where = files.place() + "/" + FILE;
        String version = "";
        String section = "";
        int number = 0;
        for (String line : Text.lines(Text.read(files, FILE))) {
            number++;
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                if (line.startsWith("[")) {
                    section = line;
                } else if (section.isEmpty()) {
                    version = line.startsWith("rules ") ? line : version;
                } else if (section.equals("[map]")) {
                    map.add(entry(line));
                } else {
                    runs.add(run(line, SECTIONS.indexOf(section)));
                }
            } catch (IllegalArgumentException fault) {
                throw BundleException.wrong(where + ":" + number + ": " + Show.value(line) + " is no rule; copy it again");
            }
        }
        if (!version.equals("rules " + VERSION)) {
            throw BundleException.wrong(where + ": not the character rules of version " + VERSION + "; copy it again");
        }
        sort(runs, where);
        sort(map, where);
        return new CharacterRules(runs, map);
    }

    /** First, last, kind. */
    private static int[] run(String line, int kind) {
        String[] ends = line.split("-", -1);
        if (kind < 1 || ends.length > 2) {
            throw new IllegalArgumentException(line);
        }
        return new int[] {code(ends[0]), code(ends[ends.length - 1]), kind};
    }

    /** The code point, then those it becomes. */
    private static int[] entry(String line) {
        String[] sides = line.split("=", -1);
        if (sides.length != 2) {
            throw new IllegalArgumentException(line);
        }
        String[] parts = sides[1].split(" ", -1);
        int[] found = new int[parts.length + 1];
        found[0] = code(sides[0]);
        for (int i = 0; i < parts.length; i++) {
            found[i + 1] = code(parts[i]);
        }
        return found;
    }

    private static int code(String hex) {
        int code = Integer.parseInt(hex, 16);
        if (code < 0 || code > 0x10FFFF) {
            throw new IllegalArgumentException(hex);
        }
        return code;
    }

    private static void sort(List<int[]> entries, String where) throws BundleException {
        Collections.sort(entries, new Comparator<int[]>() {
            @Override
            public int compare(int[] one, int[] other) {
                return Integer.compare(one[0], other[0]);
            }
        });
        for (int i = 1; i < entries.size(); i++) {
            if (entries.get(i)[0] == entries.get(i - 1)[0]) {
                String code = Integer.toHexString(entries.get(i)[0]);
                throw BundleException.wrong(where + ": two rules for " + code + "; copy it again");
            }
        }
    }

    /** JOINS, DROP, SPACE, CJK or ISOLATE. */
    byte kind(int code) {
        int place = Arrays.binarySearch(firsts, code);
        int run = place >= 0 ? place : -place - 2;
        return run >= 0 && code <= lasts[run] ? kinds[run] : JOINS;
    }

    /** Lower-cased, decomposed and without marks; one or more code points. */
    int[] replacement(int code) {
        int syllable = code - HANGUL;
        if (syllable >= 0 && syllable < HANGUL_COUNT) { // Unicode chapter 3.12
            int lead = 0x1100 + syllable / 588;
            int vowel = 0x1161 + syllable % 588 / 28;
            int tail = syllable % 28;
            return tail == 0 ? new int[] {lead, vowel} : new int[] {lead, vowel, 0x11A7 + tail};
        }
        int place = Arrays.binarySearch(mapped, code);
        return place >= 0 ? replacements[place] : new int[] {code};
    }
}
