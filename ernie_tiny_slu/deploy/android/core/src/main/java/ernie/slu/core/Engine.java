// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** What computes the logits. An implementation need not be safe for several threads. */
public interface Engine {
    /**
     * Runs one sentence.
     *
     * @param ids token ids of one sentence, a batch of 1
     * @return the outputs in the order of the manifest, each flat (row-major): intents, and length x tags
     */
    float[][] run(int[] ids) throws EngineException;
}
