// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

/** The inference engine does not load, does not run, or answers what the manifest does not promise. */
public final class EngineException extends Exception {
    public EngineException(String message) {
        super(message);
    }

    public EngineException(String message, Throwable cause) {
        super(message, cause);
    }
}
