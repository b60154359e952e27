// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.app;

import android.content.res.AssetManager;
import ernie.slu.core.BundleFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** The bundle that prepare_assets.sh put into the app. */
final class AssetFiles implements BundleFiles {
    private static final String FOLDER = "model";
    private final AssetManager assets;

    AssetFiles(AssetManager assets) {
        this.assets = assets;
    }

    @Override
    public String place() {
        return "assets/" + FOLDER;
    }

    @Override
    public boolean has(String name) {
        try {
            open(name).close();
            return true;
        } catch (FileNotFoundException absent) {
            return false;
        } catch (IOException fault) {
            return true; // it is there; reading it will say what is wrong
        }
    }

    @Override
    public InputStream open(String name) throws IOException {
        return assets.open(FOLDER + "/" + name);
    }
}
