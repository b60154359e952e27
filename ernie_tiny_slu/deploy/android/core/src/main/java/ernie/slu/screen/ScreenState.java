// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.screen;

import ernie.slu.core.Answer;
import java.util.Collections;
import java.util.List;

/** All that the screen shows, in one value that never changes. The words are the app's: two languages have them. */
public final class ScreenState {
    /** What is going on. */
    public enum Status {
        /** The model is being checked and opened. */
        LOADING,
        /** Waits for a text. */
        READY,
        /** The engine computes. */
        RUNNING,
        /** There is an answer. */
        ANSWERED,
        /** The text held nothing that the model knows. */
        NOTHING_READ,
        /** No model files were packed into the app. */
        MODEL_MISSING,
        /** They are damaged or contradict each other. */
        MODEL_REFUSED,
        /** Paddle Lite's library is not in the app, or not for this phone. */
        ENGINE_MISSING,
        /** The engine failed; another text may be tried. */
        FAILED
    }

    public final Status status;
    /** For a person who can mend it: what is wrong, where, how to mend it; or empty. */
    public final String detail;
    /** The last answer; null until there is one. */
    public final Answer answer;
    public final List<Highlight> highlights;
    /** From the text to the answer; 0 without an answer. */
    public final long microseconds;

    private ScreenState(Status status, String detail, Answer answer, long microseconds) {
        this.status = status;
        this.detail = detail;
        this.answer = answer;
        this.microseconds = microseconds;
        highlights = answer == null ? Collections.<Highlight>emptyList() : Highlight.of(answer);
    }

    static ScreenState of(Status status) {
        return new ScreenState(status, "", null, 0);
    }

    static ScreenState failed(Status status, String detail) {
        return new ScreenState(status, detail == null ? "" : detail, null, 0);
    }

    static ScreenState answered(Answer answer, long microseconds) {
        return new ScreenState(answer.isEmpty() ? Status.NOTHING_READ : Status.ANSWERED, "", answer, microseconds);
    }

    /** Whether a text may be sent: a model is open and nothing is computed. */
    public boolean accepts() {
        switch (status) {
            case READY:
            case ANSWERED:
            case NOTHING_READ:
            case FAILED:
                return true;
            default:
                return false;
        }
    }

    /** Whether there is an intent to show. */
    public boolean hasIntent() {
        return status == Status.ANSWERED;
    }

    /** Tenths of a percent. */
    public int confidencePerMille() {
        return answer == null ? 0 : (int) Math.round(answer.confidence * 1000);
    }

    /** Milliseconds with one digit behind the point. */
    public String milliseconds() {
        long tenths = (microseconds + 50) / 100;
        return tenths / 10 + "." + tenths % 10;
    }
}
