// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.screen;

import ernie.slu.core.Answer;
import ernie.slu.core.Slot;
import java.util.ArrayList;
import java.util.List;

/** A slot as a stretch of a Java string, and which of the palette's colours it has. */
public final class Highlight {
    /** Colours of the palette; values/colors.xml and values-night/colors.xml have as many. */
    public static final int COLOURS = 6;

    /** UTF-16 units, as spans of a text view count. */
    public final int begin;
    /** One behind the last unit. */
    public final int end;
    public final int colour;
    public final Slot slot;

    private Highlight(int begin, int end, int colour, Slot slot) {
        this.begin = begin;
        this.end = end;
        this.colour = colour;
        this.slot = slot;
    }

    /** In the order of the text; slots of one name share a colour. */
    static List<Highlight> of(Answer answer) {
        List<Highlight> found = new ArrayList<Highlight>();
        List<String> names = new ArrayList<String>();
        for (Slot slot : answer.slots) {
            if (!names.contains(slot.name)) {
                names.add(slot.name);
            }
            int begin = answer.text.offsetByCodePoints(0, slot.first);
            int end = answer.text.offsetByCodePoints(begin, slot.last + 1 - slot.first);
            found.add(new Highlight(begin, end, names.indexOf(slot.name) % COLOURS, slot));
        }
        return found;
    }
}
