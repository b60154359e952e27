// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A bundle in a folder. */
public final class FolderFiles implements BundleFiles {
    private final File folder;

    public FolderFiles(File folder) {
        this.folder = folder;
    }

    @Override
    public String place() {
        return folder.getPath();
    }

    @Override
    public boolean has(String name) {
        return new File(folder, name).isFile();
    }

    @Override
    public InputStream open(String name) throws IOException {
        return new FileInputStream(new File(folder, name));
    }
}
