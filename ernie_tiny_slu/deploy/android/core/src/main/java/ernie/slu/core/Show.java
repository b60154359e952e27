// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.List;
import java.util.Map;

/** Values of an untrusted file for a message: on one line, printable, short. */
final class Show {
    private static final int LONGEST = 60;

    private Show() {}

    static String value(Object value) {
        if (value instanceof String) {
            return "`" + printable((String) value) + "`";
        }
        if (value instanceof Map) {
            return "an object of " + ((Map<?, ?>) value).size();
        }
        if (value instanceof List) {
            return "a list of " + ((List<?>) value).size();
        }
        return printable(String.valueOf(value));
    }

    /** A throwable's message, which may hold anything. */
    static String line(Throwable fault) {
        String message = fault.getMessage() == null ? fault.getClass().getSimpleName() : fault.getMessage();
        return printable(message.replace('\n', ' '), 200);
    }

    static String printable(String text) {
        return printable(text, LONGEST);
    }

    private static String printable(String text, int longest) {
        StringBuilder shown = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int code = text.codePointAt(at);
            at += Character.charCount(code);
            if (shown.length() >= longest) {
                return shown.append("...").toString();
            }
            if (isPlain(code)) {
                shown.appendCodePoint(code);
            } else {
                shown.append("\\u{").append(Integer.toHexString(code)).append('}');
            }
        }
        return shown.toString();
    }

    /** ASCII and the main block of Chinese; everything else might turn the line around or end it. */
    private static boolean isPlain(int code) {
        return (code >= 0x20 && code < 0x7F) || (code >= 0x4E00 && code < 0xA000);
    }
}
