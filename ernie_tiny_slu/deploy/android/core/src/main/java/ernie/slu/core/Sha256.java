// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The sum of a stream, counted on the way. */
final class Sha256 {
    final long bytes;
    final String hex;

    private Sha256(long bytes, String hex) {
        this.bytes = bytes;
        this.hex = hex;
    }

    /**
     * Reads the stream to its end, or to one byte beyond `most`.
     *
     * @param copy gets what was read; may be null
     */
    static Sha256 of(InputStream stream, long most, OutputStream copy) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException fault) {
            throw new IllegalStateException(fault); // every Java has it
        }
        byte[] block = new byte[1 << 16];
        long bytes = 0;
        for (int count = stream.read(block); count >= 0 && bytes <= most; count = stream.read(block)) {
            bytes += count;
            digest.update(block, 0, count);
            if (copy != null) {
                copy.write(block, 0, count);
            }
        }
        StringBuilder hex = new StringBuilder();
        for (byte each : digest.digest()) {
            hex.append(Character.forDigit(each >> 4 & 15, 16)).append(Character.forDigit(each & 15, 16));
        }
        return new Sha256(bytes, hex.toString());
    }
}
