// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.ArrayList;
import java.util.List;

/** A named stretch of the text; places count code points. */
public final class Slot {
    public final String name;
    /** As it stands in the text. */
    public final String entity;
    public final int first;
    public final int last;

    public Slot(String name, String entity, int first, int last) {
        this.name = name;
        this.entity = entity;
        this.first = first;
        this.last = last;
    }

    /**
     * Stretches in the order of the text. Where `argmax` broke the rule, an `I-x` that does not go on from `B-x` or
     * `I-x` begins a stretch.
     *
     * @param path tag numbers of the tokens between [CLS] and [SEP]
     * @param encoding of the whole text
     * @param codes the text's code points
     */
    static List<Slot> of(int[] path, String[] tags, Encoding encoding, int[] codes) {
        List<Slot> found = new ArrayList<Slot>();
        String kind = "";
        int start = 0;
        int end = 0;
        for (int i = 0; i < path.length; i++) {
            String tag = tags[path[i]];
            String name = behindTwo(tag);
            if (tag.charAt(0) == 'I' && name.equals(kind)) {
                end = encoding.ends[i + 1];
                continue;
            }
            if (!kind.isEmpty()) {
                found.add(new Slot(kind, Text.of(codes, start, end), start, end - 1));
            }
            kind = name; // `O` has none
            start = encoding.begins[i + 1];
            end = encoding.ends[i + 1];
        }
        if (!kind.isEmpty()) {
            found.add(new Slot(kind, Text.of(codes, start, end), start, end - 1));
        }
        return found;
    }

    /** A tag without its first two code points. */
    private static String behindTwo(String tag) {
        return tag.codePointCount(0, tag.length()) <= 2 ? "" : tag.substring(tag.offsetByCodePoints(0, 2));
    }
}
