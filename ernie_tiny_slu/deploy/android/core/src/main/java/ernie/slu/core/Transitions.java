// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** What a tag sequence scores beyond its logits: the first tag, the last tag, each pair of neighbours. */
public final class Transitions {
    private static final float FORBIDDEN = -1e4f; // far below any logit; finite, so that sums stay numbers

    final float[] start;
    final float[] end;
    /** [to][from] */
    final float[][] into;

    /**
     * @param start [tags]
     * @param end [tags]
     * @param into [to][from]
     */
    public Transitions(float[] start, float[] end, float[][] into) {
        this.start = start;
        this.end = end;
        this.into = into;
    }

    /** 0 where a tag may stand, -1e4 where not: `I-x` only after `B-x` or `I-x`. */
    static Transitions bio(String[] tags) {
        int count = tags.length;
        Transitions rules = new Transitions(new float[count], new float[count], new float[count][count]);
        for (int to = 0; to < count; to++) {
            if (!tags[to].startsWith("I-")) {
                continue;
            }
            rules.start[to] = FORBIDDEN;
            String begin = "B-" + tags[to].substring(2);
            for (int from = 0; from < count; from++) {
                boolean allowed = tags[from].equals(tags[to]) || tags[from].equals(begin);
                rules.into[to][from] = allowed ? 0 : FORBIDDEN;
            }
        }
        return rules;
    }

    Transitions plus(Transitions other) {
        int count = start.length;
        Transitions sum = new Transitions(new float[count], new float[count], new float[count][count]);
        for (int to = 0; to < count; to++) {
            sum.start[to] = start[to] + other.start[to];
            sum.end[to] = end[to] + other.end[to];
            for (int from = 0; from < count; from++) {
                sum.into[to][from] = into[to][from] + other.into[to][from];
            }
        }
        return sum;
    }
}
