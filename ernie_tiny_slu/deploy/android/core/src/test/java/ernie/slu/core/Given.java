// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assume.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the tests read from the checkout, and what `-Dslu.NAME=...` gives them; a test without its file is skipped. */
final class Given {
    private Given() {}

    /** The checkout: the nearest folder above this one that holds the golden vectors. */
    static File repository() {
        File folder = new File("").getAbsoluteFile();
        while (folder != null && !new File(folder, "tests/golden/vocab.txt").isFile()) {
            folder = folder.getParentFile();
        }
        if (folder == null) {
            throw new IllegalStateException("run the tests somewhere inside the checkout");
        }
        return folder;
    }

    static BundleFiles golden() {
        return new FolderFiles(new File(repository(), "tests/golden"));
    }

    static CharacterRules rules() throws BundleException {
        return CharacterRules.read(new FolderFiles(new File(repository(), "common/data")));
    }

    static WordPieceTokenizer tokenizer() throws BundleException {
        return new WordPieceTokenizer(Vocabulary.read(golden()), rules());
    }

    static String property(String name) {
        String value = System.getProperty("slu." + name, "");
        assumeTrue("-Dslu." + name + " is not given", !value.isEmpty());
        return value;
    }

    static List<Map<String, Object>> jsonLines(File file) throws IOException, BundleException {
        List<Map<String, Object>> found = new ArrayList<Map<String, Object>>();
        for (String line : Text.lines(new String(bytes(file), StandardCharsets.UTF_8))) {
            found.add(map(Json.parse(line, file + ":" + (found.size() + 1))));
        }
        return found;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    static int[] ints(Object value) {
        List<?> list = (List<?>) value;
        int[] found = new int[list.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = ((Number) list.get(i)).intValue();
        }
        return found;
    }

    static float[] floats(Object value) {
        List<?> list = (List<?>) value;
        float[] found = new float[list.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = ((Number) list.get(i)).floatValue();
        }
        return found;
    }

    static String[] strings(Object value) {
        return ((List<?>) value).toArray(new String[0]);
    }

    static byte[] bytes(File file) throws IOException {
        try (InputStream stream = new FileInputStream(file)) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            byte[] block = new byte[1 << 16];
            for (int count = stream.read(block); count >= 0; count = stream.read(block)) {
                all.write(block, 0, count);
            }
            return all.toByteArray();
        }
    }

    static void write(File file, byte[] content) throws IOException {
        try (FileOutputStream stream = new FileOutputStream(file)) {
            stream.write(content);
        }
    }

    static void write(File file, String content) throws IOException {
        write(file, content.getBytes(StandardCharsets.UTF_8));
    }
}
