// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.IOException;
import java.io.InputStream;

/** Where a bundle's files lie: a folder, or the assets of an app. */
public interface BundleFiles {
    /** A name for messages, without a slash at its end. */
    String place();

    boolean has(String name);

    InputStream open(String name) throws IOException;
}
