// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A model file as a real file with a path, which an engine wants and an asset is not. */
public final class ModelCache {
    private ModelCache() {}

    /**
     * The bundle's file in `folder`; a copy from before is taken if its sum still is right. Old copies are removed, and
     * a copy that was broken off never has the file's name.
     */
    public static File file(Bundle bundle, String name, File folder) throws BundleException {
        String sum = bundle.sumOf(name);
        File place = new File(folder, sum.substring(0, 16) + "." + name);
        try {
            if (place.isFile() && isWhole(place, bundle.bytesOf(name), sum)) {
                return place;
            }
            if (!folder.isDirectory() && !folder.mkdirs()) {
                throw new IOException("cannot make " + folder);
            }
            removeOthers(folder, name);
            copy(bundle, name, place);
            return place;
        } catch (IOException fault) {
            throw BundleException.wrong(place + ": cannot be written: " + Show.line(fault) + "; is the storage full?");
        }
    }

    private static boolean isWhole(File place, long bytes, String sum) throws IOException {
        try (InputStream stream = new FileInputStream(place)) {
            Sha256 found = Sha256.of(stream, bytes, null);
            return found.bytes == bytes && found.hex.equals(sum);
        }
    }

    private static void removeOthers(File folder, String name) throws IOException {
        File[] entries = folder.listFiles();
        for (File entry : entries == null ? new File[0] : entries) {
            if (entry.getName().contains("." + name) && !entry.delete()) {
                throw new IOException("cannot remove " + entry);
            }
        }
    }

    private static void copy(Bundle bundle, String name, File place) throws IOException, BundleException {
        File part = new File(place.getPath() + ".part");
        Sha256 found;
        try (InputStream from = bundle.files.open(name);
                OutputStream to = new FileOutputStream(part)) {
            found = Sha256.of(from, bundle.bytesOf(name), to);
        }
        if (!found.hex.equals(bundle.sumOf(name))) {
            throw BundleException.wrong(bundle.files.place() + "/" + name + ": changed while it was read; copy it again");
        }
        if (!part.renameTo(place)) {
            throw new IOException("cannot rename " + part);
        }
    }
}
