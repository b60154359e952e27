// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** vocab.txt: a token per line, the place is the id. */
public final class Vocabulary {
    public static final String FILE = "vocab.txt";

    final int pad;
    final int unknown;
    final int cls;
    final int sep;
    final int size;
    /** Code points of the longest token. */
    final int longest;
    private final Map<String, Integer> ids;

    private Vocabulary(List<String> tokens, String where) throws BundleException {
        ids = new HashMap<String, Integer>(tokens.size() * 2);
        int most = 0;
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            if (token.isEmpty()) {
                throw BundleException.wrong(where + ":" + (i + 1) + ": a blank line; every line must hold one token");
            }
            ids.put(token, i); // the published ERNIE 3.0 vocabulary holds `$` twice: the later one counts
            most = Math.max(most, token.codePointCount(0, token.length()));
        }
        size = tokens.size();
        longest = most;
        pad = find("[PAD]", where);
        unknown = find("[UNK]", where);
        cls = find("[CLS]", where);
        sep = find("[SEP]", where);
        if (pad != 0) {
            throw BundleException.wrong(where + ":1: [PAD] must be the first token, it is in line " + (pad + 1));
        }
    }

    public static Vocabulary read(BundleFiles files) throws BundleException {
        return new Vocabulary(Text.lines(Text.read(files, FILE)), files.place() + "/" + FILE);
    }

    private int find(String special, String where) throws BundleException {
        Integer id = ids.get(special);
        if (id == null) {
            throw BundleException.wrong(where + ": ends without a " + special + " token; add it and train again");
        }
        return id;
    }

    /** The id, or -1. */
    int id(String token) {
        Integer id = ids.get(token);
        return id == null ? -1 : id;
    }
}
