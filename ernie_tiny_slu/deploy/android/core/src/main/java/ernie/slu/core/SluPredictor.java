// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.Arrays;
import java.util.List;

/** A command's text to its intent and slots, with any engine. Not for several threads at once. */
public final class SluPredictor {
    private final WordPieceTokenizer tokenizer;
    private final TagDecoder decoder;
    private final String[] intents;
    private final String[] tags;
    private final int maxLength;
    private final Engine engine;
    private int padId;
    private int padTo;
    private int intentOutput;
    private int slotOutput = 1;
    private int outputs = 2;

    /** For an engine that gives intents first and slots second and takes lengths as they come. */
    public SluPredictor(
            WordPieceTokenizer tokenizer,
            TagDecoder decoder,
            String[] intents,
            String[] tags,
            int maxLength,
            Engine engine) {
        this.tokenizer = tokenizer;
        this.decoder = decoder;
        this.intents = intents;
        this.tags = tags;
        this.maxLength = maxLength;
        this.engine = engine;
    }

    /**
     * For a bundle and an engine that opened its model file; runs it once to see that it answers.
     *
     * <p>Every sentence is padded to the bundle's length, as the Python client does for Paddle Lite: one shape, so the
     * engine's memory is laid out once.
     */
    public static SluPredictor of(Bundle bundle, CharacterRules rules, Engine engine)
            throws BundleException, EngineException {
        WordPieceTokenizer tokenizer = new WordPieceTokenizer(bundle.vocabulary, rules);
        SluPredictor predictor = new SluPredictor(
                tokenizer, bundle.decoder(), bundle.intents, bundle.tags, bundle.maxLength, engine);
        predictor.padId = bundle.padId;
        predictor.padTo = bundle.maxLength;
        predictor.intentOutput = bundle.output("intent");
        predictor.slotOutput = bundle.output("slot");
        predictor.outputs = bundle.outputs();
        predictor.tryOnce();
        return predictor;
    }

    /** A made-up sentence twice: shapes as the manifest says, finite, and the same again. */
    private void tryOnce() throws EngineException {
        int[] ids = new int[Math.min(4, maxLength)];
        Arrays.fill(ids, 1);
        if (!Arrays.deepEquals(run(ids), run(ids))) {
            throw new EngineException("the engine's answers change from run to run; take another model file");
        }
    }

    public Answer answer(String text) throws EngineException {
        Encoding encoding = tokenizer.encode(text, maxLength);
        int last = encoding.ids.length - 1; // [SEP]; it and [CLS] have no tag
        if (isEmpty(encoding)) {
            return Answer.empty(text);
        }
        float[][] found = run(encoding.ids);
        float[] intent = found[intentOutput];
        float[][] slots = new float[last - 1][];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = Arrays.copyOfRange(found[slotOutput], (i + 1) * tags.length, (i + 2) * tags.length);
        }
        List<Slot> named = Slot.of(decoder.decode(slots), tags, encoding, Text.codePoints(text));
        int top = TagDecoder.firstLargest(intent);
        return new Answer(text, intents[top], confidence(intent, intent[top]), named, encoding.truncated);
    }

    /** Logits as {@link Engine#run} gives them, checked; rows of padding may follow. */
    float[][] run(int[] ids) throws EngineException {
        int length = Math.max(ids.length, padTo);
        int[] padded = Arrays.copyOf(ids, length);
        Arrays.fill(padded, ids.length, length, padId);
        float[][] found = engine.run(padded);
        if (found.length != outputs) {
            throw new EngineException("the engine gives " + found.length + " outputs, the manifest says " + outputs);
        }
        check("intent_logits", found[intentOutput], intents.length);
        check("slot_logits", found[slotOutput], length * tags.length);
        return found;
    }

    private static void check(String name, float[] values, int count) throws EngineException {
        if (values.length != count) {
            throw new EngineException("the engine gives " + values.length + " values for " + name + ", not " + count);
        }
        for (float value : values) {
            if (Float.isNaN(value) || Float.isInfinite(value)) {
                throw new EngineException("the engine's " + name + " are not finite; take another model file");
            }
        }
    }

    private boolean isEmpty(Encoding encoding) {
        for (int i = 1; i < encoding.ids.length - 1; i++) {
            if (encoding.ids[i] != tokenizer.unknownId()) {
                return false;
            }
        }
        return true; // nothing between [CLS] and [SEP] but unknown tokens
    }

    private static double confidence(float[] scores, double top) {
        double sum = 0;
        for (float score : scores) {
            sum += Math.exp(score - top);
        }
        return AnswerJson.rounded(1 / sum);
    }
}
