// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A value inside a JSON file together with its path there, so that a refusal can name it. */
final class Place {
    private static final long LARGEST = 1L << 40; // no size or count in a bundle comes near it

    final Object value;
    private final String file;
    private final String path;

    private Place(Object value, String file, String path) {
        this.value = value;
        this.file = file;
        this.path = path;
    }

    static Place top(Object value, String file) {
        return new Place(value, file, "");
    }

    BundleException refused(String why) {
        String place = path.isEmpty() ? "holds " + Show.value(value) : "`" + path + "` is " + Show.value(value);
        return BundleException.wrong(file + ": " + place + "; " + why);
    }

    Place object() throws BundleException {
        if (!(value instanceof Map)) {
            throw refused("it must be an object");
        }
        return this;
    }

    List<Place> list() throws BundleException {
        if (!(value instanceof List)) {
            throw refused("it must be a list");
        }
        List<Place> found = new ArrayList<Place>();
        for (Object each : (List<?>) value) {
            found.add(new Place(each, file, path + "[" + found.size() + "]"));
        }
        return found;
    }

    List<Place> list(int length) throws BundleException {
        List<Place> found = list();
        if (found.size() != length) {
            throw refused("it must have " + length + " entries");
        }
        return found;
    }

    /** Names of the members of an object. */
    List<String> names() throws BundleException {
        List<String> found = new ArrayList<String>();
        for (Object name : ((Map<?, ?>) object().value).keySet()) {
            found.add((String) name);
        }
        return found;
    }

    Place get(String key) throws BundleException {
        if (!((Map<?, ?>) object().value).containsKey(key)) {
            String place = path.isEmpty() ? "no key" : "`" + path + "` has no key";
            throw BundleException.wrong(file + ": " + place + " `" + Show.printable(key) + "`; export the bundle again");
        }
        String inside = Show.printable(key);
        return new Place(((Map<?, ?>) value).get(key), file, path.isEmpty() ? inside : path + "." + inside);
    }

    /** The member of that name, or null where it is absent or null. */
    Place find(String key) throws BundleException {
        return ((Map<?, ?>) object().value).get(key) == null ? null : get(key);
    }

    boolean has(String key) throws BundleException {
        return ((Map<?, ?>) object().value).containsKey(key);
    }

    String text() throws BundleException {
        if (!(value instanceof String)) {
            throw refused("it must be a string");
        }
        if (Text.isBlank((String) value)) {
            throw refused("it must not be empty");
        }
        if (Text.hasLoneSurrogate((String) value)) {
            throw refused("it holds half of a surrogate pair, which is no character");
        }
        return (String) value;
    }

    String oneOf(String... words) throws BundleException {
        if (!(value instanceof String) || !Arrays.asList(words).contains(value)) {
            throw refused("it must be one of " + Arrays.toString(words));
        }
        return (String) value;
    }

    boolean truth() throws BundleException {
        if (!(value instanceof Boolean)) {
            throw refused("it must be true or false");
        }
        return (Boolean) value;
    }

    /** A whole number from `least` on. */
    long count(long least) throws BundleException {
        if (value instanceof BigInteger) {
            throw refused("it is no size or count");
        }
        if (!(value instanceof Long)) {
            throw refused("it must be a whole number");
        }
        long found = (Long) value;
        if (found < least || found > LARGEST) {
            throw refused(found < least ? "it must be at least " + least : "it is too large to be true");
        }
        return found;
    }

    /** The same where an int is needed; what is larger is no array we could hold. */
    int size(int least) throws BundleException {
        long found = count(least);
        if (found > Integer.MAX_VALUE) {
            throw refused("it is too large to be true");
        }
        return (int) found;
    }

    float number() throws BundleException {
        if (!(value instanceof Number)) {
            throw refused("it must be a number");
        }
        double found = ((Number) value).doubleValue();
        if (!(found >= -LARGEST && found <= LARGEST)) { // false for NaN too
            throw refused("it must be a finite number");
        }
        return (float) found;
    }

    float[] numbers(int length) throws BundleException {
        float[] found = new float[length];
        int i = 0;
        for (Place each : list(length)) {
            found[i++] = each.number();
        }
        return found;
    }
}
