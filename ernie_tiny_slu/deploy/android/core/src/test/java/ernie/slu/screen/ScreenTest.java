// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.screen;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import ernie.slu.core.BundleException;
import ernie.slu.core.EngineException;
import ernie.slu.core.Samples;
import ernie.slu.core.SluPredictor;
import ernie.slu.screen.ScreenState.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.junit.Test;

public class ScreenTest {
    private final List<Status> shown = new ArrayList<Status>();
    private final Queue<Runnable> waiting = new ArrayDeque<Runnable>();

    /** Keeps the work until {@link #work}, as a busy thread would. */
    private final Executor executor = new Executor() {
        @Override
        public void execute(Runnable job) {
            waiting.add(job);
        }
    };

    private final Screen.View view = new Screen.View() {
        @Override
        public void show(ScreenState state) {
            shown.add(state.status);
        }
    };

    private void work() {
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    private Screen screen(final SluPredictor predictor) {
        return started(new Screen.Loader() {
            @Override
            public SluPredictor load() {
                return predictor;
            }
        });
    }

    private Screen started(Screen.Loader loader) {
        Screen screen = new Screen(loader, executor, view);
        screen.start();
        return screen;
    }

    @Test
    public void fromTheStartToAnAnswer() throws Exception {
        Screen screen = screen(Samples.predictor());
        assertEquals(Status.LOADING, screen.state().status);
        screen.ask("too early");
        work();
        screen.ask("放😀的歌");
        assertFalse(screen.state().accepts());
        screen.ask("while it computes");
        work();
        assertEquals(Arrays.asList(Status.LOADING, Status.READY, Status.RUNNING, Status.ANSWERED), shown);
        ScreenState state = screen.state();
        assertTrue(state.accepts() && state.hasIntent() && state.microseconds > 0);
        assertEquals("放😀的歌", state.answer.text);
        screen.ask("");
        work();
        assertEquals(Status.NOTHING_READ, screen.state().status);
        assertFalse(screen.state().hasIntent());
    }

    @Test
    public void highlightsCountUtf16UnitsAndShareColours() throws Exception {
        Screen screen = screen(Samples.predictor());
        work();
        screen.ask("😀刘德华花刘");
        work();
        StringBuilder found = new StringBuilder();
        for (Highlight each : screen.state().highlights) {
            String text = screen.state().answer.text.substring(each.begin, each.end);
            found.append(each.slot.name).append(' ').append(text).append(' ').append(each.colour).append("; ");
        }
        assertEquals("singer 刘德华 0; song 花 1; singer 刘 0; ", found.toString());
    }

    @Test
    public void everyFaultHasItsOwnState() throws Exception {
        Throwable[] faults = {
            BundleException.missing("model/manifest.json: no such file"), BundleException.wrong("sha256"),
            new EngineException("cannot open"), new NoClassDefFoundError("com/baidu/paddle/lite/MobileConfig"),
            new UnsatisfiedLinkError("libpaddle_lite_jni.so"), new OutOfMemoryError("many bytes"),
            new IllegalStateException("a bug"),
        };
        Status[] wanted = {
            Status.MODEL_MISSING, Status.MODEL_REFUSED, Status.MODEL_REFUSED, Status.ENGINE_MISSING,
            Status.ENGINE_MISSING, Status.MODEL_REFUSED, Status.MODEL_REFUSED,
        };
        for (int i = 0; i < faults.length; i++) {
            Screen screen = started(failing(faults[i]));
            work();
            assertEquals(wanted[i], screen.state().status);
            assertTrue(screen.state().detail, screen.state().detail.contains(faults[i].getMessage()));
            assertFalse("nothing can be asked", screen.state().accepts());
            screen.ask("放");
            assertTrue(waiting.isEmpty());
        }
    }

    private static Screen.Loader failing(final Throwable fault) {
        return new Screen.Loader() {
            @Override
            public SluPredictor load() throws BundleException, EngineException {
                if (fault instanceof BundleException) {
                    throw (BundleException) fault;
                }
                if (fault instanceof EngineException) {
                    throw (EngineException) fault;
                }
                if (fault instanceof Error) {
                    throw (Error) fault;
                }
                throw (RuntimeException) fault;
            }
        };
    }

    @Test
    public void anEngineThatFailsLaterCanBeAskedAgain() throws Exception {
        Screen screen = screen(Samples.failingLater());
        work();
        screen.ask("放");
        work();
        assertEquals(Status.FAILED, screen.state().status);
        assertTrue(screen.state().accepts());
        assertEquals("the engine stopped", screen.state().detail);
    }

    @Test
    public void figures() throws Exception {
        Screen screen = screen(Samples.predictor());
        work();
        assertEquals(0, screen.state().confidencePerMille());
        assertEquals("0.0", screen.state().milliseconds());
        assertEquals("1.5", ScreenState.answered(Samples.predictor().answer("放"), 1549).milliseconds());
        assertEquals("12.0", ScreenState.answered(Samples.predictor().answer("放"), 11999).milliseconds());
        assertEquals(787, ScreenState.answered(Samples.predictor().answer("放"), 1).confidencePerMille());
    }
}
