// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Strings as code points, and reading text files; nothing here asks the platform's Unicode tables. */
final class Text {
    /** Far above any manifest, label list or vocabulary; keeps a false file from filling the memory. */
    static final int LARGEST_FILE = 64 << 20;

    private Text() {}

    static int[] codePoints(String text) {
        int[] codes = new int[text.codePointCount(0, text.length())];
        for (int at = 0, i = 0; at < text.length(); i++) {
            codes[i] = text.codePointAt(at);
            at += Character.charCount(codes[i]);
        }
        return codes;
    }

    static String of(int[] codes, int begin, int end) {
        return new String(codes, begin, end - begin);
    }

    /** Whether a high surrogate without its low one, or the reverse, stands in the text: UTF-8 has no form for it. */
    static boolean hasLoneSurrogate(String text) {
        for (int at = 0; at < text.length(); ) {
            int code = text.codePointAt(at);
            if (isSurrogate(code)) {
                return true;
            }
            at += Character.charCount(code);
        }
        return false;
    }

    static boolean isSurrogate(int code) {
        return code >= 0xD800 && code <= 0xDFFF;
    }

    /** True for an empty string and for white space alone, by Python's str.isspace(). */
    static boolean isBlank(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isSpace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0
                || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F
                || c == 0x205F || c == 0x3000;
    }

    /** The whole file as UTF-8 text, a byte-order mark dropped. */
    static String read(BundleFiles files, String name) throws BundleException {
        byte[] raw = readBytes(files, name);
        try {
            String text = StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(raw))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException fault) {
            throw BundleException.wrong(files.place() + "/" + name + ": is not UTF-8; export the bundle again");
        }
    }

    static byte[] readBytes(BundleFiles files, String name) throws BundleException {
        if (!files.has(name)) {
            throw BundleException.missing(files.place() + "/" + name + ": no such file; run prepare_assets.sh");
        }
        try (InputStream stream = files.open(name)) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            byte[] block = new byte[1 << 16];
            for (int count = stream.read(block); count >= 0; count = stream.read(block)) {
                all.write(block, 0, count);
                if (all.size() > LARGEST_FILE) {
                    throw BundleException.wrong(files.place() + "/" + name + ": too large to be true");
                }
            }
            return all.toByteArray();
        } catch (IOException fault) {
            throw BundleException.wrong(files.place() + "/" + name + ": cannot be read: " + Show.line(fault));
        }
    }

    /** Lines that end at line feeds only (some vocabularies hold other line ends as tokens). */
    static List<String> lines(String text) {
        List<String> found = new ArrayList<String>();
        int begin = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
            found.add(withoutReturn(text.substring(begin, end)));
            begin = end + 1;
        }
        if (begin < text.length()) {
            found.add(withoutReturn(text.substring(begin)));
        }
        return found;
    }

    private static String withoutReturn(String line) {
        return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    }
}
