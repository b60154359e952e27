// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** Model files that are absent, damaged or contradict each other: one line with what, where and how to mend it. */
public final class BundleException extends Exception {
    private final boolean missing;

    private BundleException(String message, boolean missing) {
        super(message);
        this.missing = missing;
    }

    /** A file is not there; nothing is wrong with what is. */
    public static BundleException missing(String message) {
        return new BundleException(message, true);
    }

    public static BundleException wrong(String message) {
        return new BundleException(message, false);
    }

    public boolean isMissing() {
        return missing;
    }
}
