// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** An answer as Python's `json.dumps(answer, ensure_ascii=False)` writes it, byte by byte. */
final class AnswerJson {
    private static final int DIGITS = 6; // what is behind differs between engines, and between the exp() of C and Java

    private AnswerJson() {}

    static String line(Answer answer) {
        String line = line(answer, false);
        // half of a surrogate pair has no UTF-8 form, an escape can still spell it
        return Text.hasLoneSurrogate(line) ? line(answer, true) : line;
    }

    private static String line(Answer answer, boolean ascii) {
        StringBuilder out = new StringBuilder("{\"text\": ");
        string(answer.text, ascii, out);
        out.append(", \"intent\": ");
        if (answer.intent == null) {
            out.append("null");
        } else {
            string(answer.intent, ascii, out);
        }
        out.append(", \"confidence\": ").append(number(answer.confidence)).append(", \"slots\": [");
        String between = "";
        for (Slot slot : answer.slots) {
            out.append(between).append("{\"slot\": ");
            string(slot.name, ascii, out);
            out.append(", \"entity\": ");
            string(slot.entity, ascii, out);
            out.append(", \"pos\": [").append(slot.first).append(", ").append(slot.last).append("]}");
            between = ", ";
        }
        out.append(']');
        if (answer.truncated) {
            out.append(", \"truncated\": true");
        }
        if (answer.isEmpty()) {
            out.append(", \"reason\": \"empty\"");
        }
        return out.append('}').toString();
    }

    private static void string(String text, boolean ascii, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int known = "\"\\\n\r\t\b\f".indexOf(c);
            if (known >= 0) {
                out.append('\\').append("\"\\nrtbf".charAt(known));
            } else if (c < 0x20 || (ascii && c > 0x7E)) {
                String hex = Integer.toHexString(c);
                out.append("\\u").append("0000".substring(hex.length())).append(hex);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Python's round(value, 6): the exact value of the double, halves to the even digit. */
    static double rounded(double value) {
        return new BigDecimal(value).setScale(DIGITS, RoundingMode.HALF_EVEN).doubleValue();
    }

    /** A number of at most 6 digits behind the point as Python's repr() writes it. */
    static String number(double value) {
        BigDecimal exact = new BigDecimal(value).setScale(DIGITS, RoundingMode.HALF_EVEN);
        if (exact.signum() == 0) {
            return "0.0";
        }
        BigDecimal bare = exact.stripTrailingZeros();
        if (value < 1e-4) {
            String digits = bare.unscaledValue().toString();
            String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
            return digits.charAt(0) + fraction + "e-0" + (bare.scale() - digits.length() + 1);
        }
        return bare.scale() <= 0 ? bare.toPlainString() + ".0" : bare.toPlainString();
    }
}
