// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.Arrays;
import java.util.List;

/** Predictors over the golden vocabulary with an engine that knows four characters, for the tests of the screen. */
public final class Samples {
    private static final String[] INTENTS = {"OTHERS", "play", "stop"};
    private static final String[] TAGS = {"O", "B-singer", "I-singer", "B-song", "I-song"};
    private static final List<String> KNOWN = Arrays.asList("", "刘", "德", "花", "华");

    private Samples() {}

    /** 刘 begins a singer, 德 and 华 go on with it, 花 is a song. */
    public static SluPredictor predictor() throws BundleException {
        return over(new Engine() {
            @Override
            public float[][] run(int[] ids) throws EngineException {
                return logits(ids);
            }
        });
    }

    public static SluPredictor failingLater() throws BundleException {
        return over(new Engine() {
            @Override
            public float[][] run(int[] ids) throws EngineException {
                throw new EngineException("the engine stopped");
            }
        });
    }

    private static SluPredictor over(Engine engine) throws BundleException {
        return new SluPredictor(Given.tokenizer(), new TagDecoder(TAGS, "bio", null), INTENTS, TAGS, 32, engine);
    }

    private static float[][] logits(int[] ids) {
        float[] slots = new float[ids.length * TAGS.length];
        try {
            Vocabulary vocabulary = Vocabulary.read(Given.golden());
            for (int i = 0; i < ids.length; i++) {
                int tag = 0;
                for (String each : KNOWN.subList(1, KNOWN.size())) {
                    if (vocabulary.id(each) == ids[i]) {
                        tag = each.equals("刘") ? 1 : each.equals("花") ? 3 : 2;
                    }
                }
                slots[TAGS.length * i + tag] = 3;
            }
        } catch (BundleException fault) {
            throw new IllegalStateException(fault);
        }
        return new float[][] {{0, 2, 0}, slots};
    }
}
