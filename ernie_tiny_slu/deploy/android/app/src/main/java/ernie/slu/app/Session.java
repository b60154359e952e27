// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.app;

import android.content.Context;
import android.os.Handler;
import android.os.Looper;
import ernie.slu.core.Bundle;
import ernie.slu.core.BundleException;
import ernie.slu.core.CharacterRules;
import ernie.slu.core.EngineException;
import ernie.slu.core.ModelCache;
import ernie.slu.core.SluPredictor;
import ernie.slu.screen.Screen;
import ernie.slu.screen.ScreenState;
import java.io.File;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The open model and the thread it works on. It outlives an activity that the phone makes anew, as on turning it. */
final class Session implements Screen.Loader, Screen.View {
    private static final int THREADS = 1; // a call takes a few milliseconds, a second thread costs more than it brings

    private final Context application;
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private final Handler main = new Handler(Looper.getMainLooper());
    private final Screen screen = new Screen(this, worker, this);
    private Screen.View shown; // touched on the main thread only

    Session(Context context) {
        application = context.getApplicationContext();
        screen.start();
    }

    /** From now on this view is shown what happens, and at once what has happened; null for nobody. */
    void showOn(Screen.View view) {
        shown = view;
        if (view != null) {
            view.show(screen.state());
        }
    }

    void ask(String text) {
        screen.ask(text);
    }

    void close() {
        worker.shutdown();
    }

    @Override
    public SluPredictor load() throws BundleException, EngineException {
        AssetFiles files = new AssetFiles(application.getAssets());
        Bundle bundle = Bundle.read(files);
        bundle.requireInt32();
        String name = bundle.modelFile(Bundle.ARM);
        File model = ModelCache.file(bundle, name, new File(application.getNoBackupFilesDir(), "model"));
        PaddleLiteRunner engine = new PaddleLiteRunner(model, THREADS, bundle.outputs());
        return SluPredictor.of(bundle, CharacterRules.read(files), engine);
    }

    /** From the worker's thread or the main one. */
    @Override
    public void show(final ScreenState state) {
        main.post(new Runnable() {
            @Override
            public void run() {
                if (shown != null) {
                    shown.show(state);
                }
            }
        });
    }
}
