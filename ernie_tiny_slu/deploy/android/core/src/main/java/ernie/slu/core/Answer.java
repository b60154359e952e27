// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.Collections;
import java.util.List;

/** What was understood of one text. */
public final class Answer {
    public final String text;
    /** Null if nothing was to be read. */
    public final String intent;
    /** Softmax of the intent, 0 to 1, rounded to 6 digits. */
    public final double confidence;
    public final List<Slot> slots;
    /** Whether the text was longer than the model reads. */
    public final boolean truncated;

    Answer(String text, String intent, double confidence, List<Slot> slots, boolean truncated) {
        this.text = text;
        this.intent = intent;
        this.confidence = confidence;
        this.slots = Collections.unmodifiableList(slots);
        this.truncated = truncated;
    }

    static Answer empty(String text) {
        return new Answer(text, null, 0, Collections.<Slot>emptyList(), false);
    }

    /** No known token was in the text. */
    public boolean isEmpty() {
        return intent == null;
    }

    /** The line of JSON that the Python client prints. */
    public String toJson() {
        return AnswerJson.line(this);
    }
}
