// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** One text as the model reads it. */
public final class Encoding {
    /** Token ids, [CLS] first and [SEP] last. */
    public final int[] ids;
    /** First code point of each token in the raw text; 0 for [CLS] and [SEP]. */
    public final int[] begins;
    /** One behind the last code point of each token; 0 for [CLS] and [SEP]. */
    public final int[] ends;
    /** Whether tokens were cut off. */
    public final boolean truncated;

    Encoding(int[] ids, int[] begins, int[] ends, boolean truncated) {
        this.ids = ids;
        this.begins = begins;
        this.ends = ends;
        this.truncated = truncated;
    }
}
