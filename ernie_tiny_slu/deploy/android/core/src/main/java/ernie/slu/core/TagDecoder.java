// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** Picks one tag per token, in float32 and in the order of common/data/tags.py; ties go to the first tag. */
public final class TagDecoder {
    private final String decoder;
    private final Transitions rules;
    private final Transitions bio;

    /**
     * @param decoder `argmax`, each token by itself; `bio`, the best sequence in which every `I-x` follows `B-x` or
     *     `I-x`; `crf`, the best such sequence with the learned transitions added
     * @param learned of a CRF, or null
     */
    public TagDecoder(String[] tags, String decoder, Transitions learned) throws BundleException {
        if (!decoder.equals("argmax") && !decoder.equals("bio") && !decoder.equals("crf")) {
            throw BundleException.wrong("decoder must be one of argmax, bio, crf, got " + Show.value(decoder));
        }
        this.decoder = decoder;
        bio = Transitions.bio(tags);
        if (!decoder.equals("crf")) {
            rules = bio;
        } else if (learned == null) {
            throw BundleException.wrong("decoder crf: this bundle has no transitions; train with --decoder crf");
        } else if (learned.start.length != tags.length) {
            throw BundleException.wrong("decoder.transitions are for " + learned.start.length + " tags, the labels are "
                    + tags.length + "; export the bundle again");
        } else {
            rules = learned.plus(bio);
        }
    }

    /**
     * @param logits [length][tags], without the rows of [CLS] and [SEP]
     * @return tag numbers
     */
    public int[] decode(float[][] logits) {
        if (logits.length == 0) {
            return new int[0];
        }
        if (decoder.equals("crf")) {
            return viterbi(logits);
        }
        int[] best = new int[logits.length];
        for (int i = 0; i < best.length; i++) {
            best[i] = firstLargest(logits[i]);
        }
        // a legal sequence of each token's best tag is the best legal sequence
        return decoder.equals("argmax") || isLegal(best) ? best : viterbi(logits);
    }

    private boolean isLegal(int[] path) {
        boolean legal = bio.start[path[0]] == 0;
        for (int i = 1; i < path.length; i++) {
            legal &= bio.into[path[i]][path[i - 1]] == 0;
        }
        return legal;
    }

    /** The best-scoring path (Viterbi 1967). Forward keeps scores only; the way back looks the choices up again. */
    private int[] viterbi(float[][] logits) {
        int length = logits.length;
        float[][] scores = new float[length][];
        scores[0] = sum(logits[0], rules.start);
        for (int i = 1; i < length; i++) {
            float[] score = new float[rules.start.length];
            for (int to = 0; to < score.length; to++) {
                float[] reached = sum(rules.into[to], scores[i - 1]);
                score[to] = reached[firstLargest(reached)] + logits[i][to];
            }
            scores[i] = score;
        }
        int[] path = new int[length];
        path[length - 1] = firstLargest(sum(scores[length - 1], rules.end));
        for (int i = length - 2; i >= 0; i--) {
            path[i] = firstLargest(sum(scores[i], rules.into[path[i + 1]]));
        }
        return path;
    }

    private static float[] sum(float[] one, float[] other) {
        float[] both = new float[one.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = one[i] + other[i];
        }
        return both;
    }

    static int firstLargest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
