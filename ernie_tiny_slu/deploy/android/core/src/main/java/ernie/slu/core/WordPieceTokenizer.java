// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.Arrays;

/** Greedy longest-match WordPiece over lower-cased text, with the place of each token in the raw text. */
public final class WordPieceTokenizer {
    private static final int LONGEST_WORD = 100; // code points; a longer word is [UNK]

    private final Vocabulary vocabulary;
    private final CharacterRules rules;

    public WordPieceTokenizer(Vocabulary vocabulary, CharacterRules rules) {
        this.vocabulary = vocabulary;
        this.rules = rules;
    }

    public int unknownId() {
        return vocabulary.unknown;
    }

    /**
     * Ids and offsets of one text.
     *
     * @param maxLength the most ids there may be, [CLS] and [SEP] counted; at least 2
     */
    public Encoding encode(String text, int maxLength) {
        if (maxLength < 2) {
            throw new IllegalArgumentException("maxLength must be at least 2, got " + maxLength);
        }
        Tokens tokens = new Tokens(maxLength - 1);
        tokens.add(vocabulary.cls, 0, 0);
        Word word = new Word();
        int place = 0;
        for (int at = 0; at < text.length() && !tokens.isOverfull(); place++) {
            int code = text.codePointAt(at);
            at += Character.charCount(code);
            read(code, place, word, tokens);
        }
        finish(word, tokens);
        return tokens.closed(vocabulary.sep);
    }

    private void read(int code, int place, Word word, Tokens tokens) {
        byte kind = rules.kind(code);
        if (kind == CharacterRules.DROP) {
            return;
        }
        if (kind == CharacterRules.SPACE) {
            finish(word, tokens);
            return;
        }
        for (int part : rules.replacement(code)) {
            boolean alone = kind == CharacterRules.CJK || rules.kind(part) == CharacterRules.ISOLATE;
            if (alone) {
                finish(word, tokens);
            }
            word.add(part, place);
            if (alone) {
                finish(word, tokens);
            }
        }
    }

    /** Adds the word's longest matching pieces, all of them or [UNK], and begins a new word. */
    private void finish(Word word, Tokens tokens) {
        if (word.length == 0) {
            return;
        }
        int before = tokens.count;
        int begin = word.length > LONGEST_WORD ? -1 : 0;
        while (begin >= 0 && begin < word.length) {
            int end = Math.min(word.length, begin + vocabulary.longest);
            int id = -1;
            for (; end > begin; end--) {
                String piece = Text.of(word.codes, begin, end);
                id = vocabulary.id(begin == 0 ? piece : "##" + piece);
                if (id >= 0) {
                    break;
                }
            }
            if (id >= 0) {
                tokens.add(id, word.places[begin], word.places[end - 1] + 1);
            }
            begin = id >= 0 ? end : -1;
        }
        if (begin < 0) {
            tokens.count = before;
            tokens.add(vocabulary.unknown, word.places[0], word.places[word.length - 1] + 1);
        }
        word.length = 0;
    }

    /** The word being built, and where each of its code points stands in the text. */
    private static final class Word {
        int length;
        int[] codes = new int[16];
        int[] places = new int[16];

        void add(int code, int place) {
            if (length == codes.length) {
                codes = Arrays.copyOf(codes, 2 * length);
                places = Arrays.copyOf(places, 2 * length);
            }
            codes[length] = code;
            places[length++] = place;
        }
    }

    private static final class Tokens {
        int count;
        private final int limit;
        private int[] ids = new int[16];
        private int[] begins = new int[16];
        private int[] ends = new int[16];

        Tokens(int limit) {
            this.limit = limit;
        }

        void add(int id, int begin, int end) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
                begins = Arrays.copyOf(begins, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            ids[count] = id;
            begins[count] = begin;
            ends[count++] = end;
        }

        /** No need to read the rest of a long text. */
        boolean isOverfull() {
            return count > limit;
        }

        Encoding closed(int sep) {
            boolean truncated = count > limit;
            count = Math.min(count, limit);
            add(sep, 0, 0);
            return new Encoding(
                    Arrays.copyOf(ids, count), Arrays.copyOf(begins, count), Arrays.copyOf(ends, count), truncated);
        }
    }
}
