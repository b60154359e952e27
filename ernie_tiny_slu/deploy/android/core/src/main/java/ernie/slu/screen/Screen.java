// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.screen;

import ernie.slu.core.Answer;
import ernie.slu.core.BundleException;
import ernie.slu.core.EngineException;
import ernie.slu.core.SluPredictor;
import ernie.slu.screen.ScreenState.Status;
import java.util.concurrent.Executor;

/** Leads from what a person does to what the screen shows. The view is called from the executor's thread. */
public final class Screen {
    /** Opens the model; slow. */
    public interface Loader {
        SluPredictor load() throws BundleException, EngineException;
    }

    /** Shows a state. */
    public interface View {
        void show(ScreenState state);
    }

    private final Loader loader;
    private final Executor executor;
    private final View view;
    private volatile ScreenState state = ScreenState.of(Status.LOADING);
    private SluPredictor predictor; // the executor's thread alone touches it

    public Screen(Loader loader, Executor executor, View view) {
        this.loader = loader;
        this.executor = executor;
        this.view = view;
    }

    public ScreenState state() {
        return state;
    }

    /** Opens the model; call it once. */
    public void start() {
        show(ScreenState.of(Status.LOADING));
        executor.execute(new Runnable() {
            @Override
            public void run() {
                show(open());
            }
        });
    }

    private ScreenState open() {
        try {
            predictor = loader.load();
            return ScreenState.of(Status.READY);
        } catch (BundleException fault) {
            return ScreenState.failed(fault.isMissing() ? Status.MODEL_MISSING : Status.MODEL_REFUSED, fault.getMessage());
        } catch (EngineException fault) {
            return ScreenState.failed(Status.MODEL_REFUSED, fault.getMessage());
        } catch (LinkageError fault) { // no jar or no .so in the app, or none for this processor
            return ScreenState.failed(Status.ENGINE_MISSING, fault.getMessage());
        } catch (OutOfMemoryError fault) {
            return ScreenState.failed(Status.MODEL_REFUSED, fault.getMessage());
        } catch (RuntimeException fault) { // the app never dies of its model
            return ScreenState.failed(Status.MODEL_REFUSED, fault.toString());
        }
    }

    /** Understands a text, unless the model is not open yet or another text is being understood. */
    public void ask(final String text) {
        if (!state.accepts()) {
            return;
        }
        show(ScreenState.of(Status.RUNNING));
        executor.execute(new Runnable() {
            @Override
            public void run() {
                show(understand(text));
            }
        });
    }

    private ScreenState understand(String text) {
        try {
            long begin = System.nanoTime();
            Answer answer = predictor.answer(text);
            return ScreenState.answered(answer, (System.nanoTime() - begin) / 1000);
        } catch (EngineException fault) {
            return ScreenState.failed(Status.FAILED, fault.getMessage());
        } catch (RuntimeException fault) {
            return ScreenState.failed(Status.FAILED, fault.toString());
        }
    }

    private void show(ScreenState next) {
        state = next;
        view.show(next);
    }
}
