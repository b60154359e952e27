// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strict reader of JSON that takes what Python's json module takes (NaN and Infinity too: a metric may be one), but
 * stops at {@link #DEEPEST} nested brackets. Values become Map, List, String, Long, BigInteger, Double, Boolean, null.
 */
final class Json {
    static final int DEEPEST = 100;
    private static final int LONGEST_NUMBER = 4300;

    private final String text;
    private final String where;
    private int at;

    private Json(String text, String where) {
        this.text = text;
        this.where = where;
    }

    static Object parse(String text, String where) throws BundleException {
        Json json = new Json(text, where);
        Object value = json.value(0);
        json.skipSpace();
        if (json.at < text.length()) {
            throw json.fault("more text after the value");
        }
        return value;
    }

    private BundleException fault(String what) {
        int line = 1;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            line += text.charAt(i) == '\n' ? 1 : 0;
        }
        return BundleException.wrong(where + ":" + line + ": not JSON: " + what + "; export the bundle again");
    }

    private Object value(int depth) throws BundleException {
        skipSpace();
        char first = peek();
        if (depth == DEEPEST && (first == '{' || first == '[')) {
            throw fault("nested deeper than " + DEEPEST);
        }
        if (first == '{') {
            return object(depth);
        }
        if (first == '[') {
            return list(depth);
        }
        if (first == '"') {
            return string();
        }
        if (first == '-' || isDigit(first)) {
            return takes("-Infinity") ? (Object) Double.NEGATIVE_INFINITY : number();
        }
        return word();
    }

    private Object word() throws BundleException {
        if (takes("true")) {
            return Boolean.TRUE;
        }
        if (takes("false")) {
            return Boolean.FALSE;
        }
        if (takes("null")) {
            return null;
        }
        if (takes("NaN")) {
            return Double.NaN;
        }
        if (takes("Infinity")) {
            return Double.POSITIVE_INFINITY;
        }
        throw fault(at < text.length() ? "a value was expected" : "it ends in the middle");
    }

    private Map<String, Object> object(int depth) throws BundleException {
        Map<String, Object> found = new LinkedHashMap<String, Object>();
        at++;
        skipSpace();
        if (peek() == '}') {
            at++;
            return found;
        }
        while (true) {
            skipSpace();
            if (peek() != '"') {
                throw fault("a name in quotes was expected");
            }
            String name = string();
            skipSpace();
            expect(':');
            found.put(name, value(depth + 1));
            skipSpace();
            if (peek() == '}') {
                at++;
                return found;
            }
            expect(',');
        }
    }

    private List<Object> list(int depth) throws BundleException {
        List<Object> found = new ArrayList<Object>();
        at++;
        skipSpace();
        if (peek() == ']') {
            at++;
            return found;
        }
        while (true) {
            found.add(value(depth + 1));
            skipSpace();
            if (peek() == ']') {
                at++;
                return found;
            }
            expect(',');
        }
    }

    private String string() throws BundleException {
        StringBuilder found = new StringBuilder();
        at++;
        while (true) {
            char c = peek();
            if (c < 0x20) {
                throw fault(at < text.length() ? "a control character in a string" : "a string without an end");
            }
            at++;
            if (c == '"') {
                return found.toString();
            }
            found.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() throws BundleException {
        char c = peek();
        at++;
        int known = "\"\\/bfnrt".indexOf(c);
        if (known >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        if (c != 'u' || at + 4 > text.length()) {
            throw fault("an unknown escape in a string");
        }
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = hexDigit(text.charAt(at++));
            if (digit < 0) {
                throw fault("an unknown escape in a string");
            }
            code = 16 * code + digit;
        }
        return (char) code;
    }

    static int hexDigit(char c) {
        return isDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }

    private Object number() throws BundleException {
        int begin = at;
        at += peek() == '-' ? 1 : 0;
        if (peek() == '0') {
            at++;
        } else {
            digits();
        }
        boolean whole = true;
        if (peek() == '.') {
            at++;
            digits();
            whole = false;
        }
        if (peek() == 'e' || peek() == 'E') {
            at++;
            at += peek() == '+' || peek() == '-' ? 1 : 0;
            digits();
            whole = false;
        }
        String found = text.substring(begin, at);
        if (found.length() > LONGEST_NUMBER) {
            throw fault("a number of " + found.length() + " digits");
        }
        if (!whole) {
            return Double.valueOf(found);
        }
        return found.length() <= 18 ? (Object) Long.valueOf(found) : new BigInteger(found);
    }

    private void digits() throws BundleException {
        if (!isDigit(peek())) {
            throw fault("a digit was expected");
        }
        while (isDigit(peek())) {
            at++;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** The next character, or U+0000 at the end, which is allowed nowhere. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private boolean takes(String word) {
        boolean found = text.startsWith(word, at);
        at += found ? word.length() : 0;
        return found;
    }

    private void expect(char c) throws BundleException {
        if (peek() != c) {
            throw fault("`" + c + "` was expected");
        }
        at++;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }
}
