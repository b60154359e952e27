// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** The predictor over a bundle and an engine that is made here; the model file's way to a real file. */
public class SluPredictorTest {
    @Rule
    public final TemporaryFolder temporary = new TemporaryFolder();

    private final List<int[]> fed = new ArrayList<int[]>();
    private Bundle bundle;
    private CharacterRules rules;

    @Before
    public void make() throws Exception {
        bundle = Bundle.read(new FolderFiles(new TinyBundle(temporary.newFolder()).folder));
        rules = Given.rules();
    }

    /** Intent 1 always; the vocabulary's 刘 德 华 are a singer. */
    private final class Fake implements Engine {
        private final float wrong;

        Fake(float wrong) {
            this.wrong = wrong;
        }

        @Override
        public float[][] run(int[] ids) {
            fed.add(ids);
            float[] slots = new float[ids.length * 5];
            for (int i = 0; i < ids.length; i++) {
                slots[5 * i + (ids[i] == 6 ? 1 : ids[i] == 7 || ids[i] == 8 ? 2 : 0)] = 3;
            }
            return new float[][] {{0, 2, wrong}, slots};
        }
    }

    @Test
    public void anAnswer() throws Exception {
        SluPredictor predictor = SluPredictor.of(bundle, rules, new Fake(0));
        Answer answer = predictor.answer("放 刘德华!");
        assertEquals("{\"text\": \"放 刘德华!\", \"intent\": \"play\", \"confidence\": 0.786986, \"slots\": "
                + "[{\"slot\": \"singer\", \"entity\": \"刘德华\", \"pos\": [2, 4]}]}", answer.toJson());
        assertArrayEquals(new int[] {1, 4, 6, 7, 8, 3, 2, 0}, fed.get(2)); // after the two of the trial
        assertTrue(predictor.answer("放放放放放放放放").truncated);
    }

    @Test
    public void nothingToReadIsNotComputed() throws Exception {
        SluPredictor predictor = SluPredictor.of(bundle, rules, new Fake(0));
        int before = fed.size();
        for (String text : new String[] {"", "  ", "鿕", "\0", "\ud800"}) {
            assertTrue(predictor.answer(text).isEmpty());
        }
        assertEquals(before, fed.size());
    }

    private void refused(Engine engine, String said) throws BundleException {
        try {
            SluPredictor.of(bundle, rules, engine);
            fail("taken, though " + said);
        } catch (EngineException fault) {
            assertTrue(fault.getMessage(), fault.getMessage().contains(said));
        }
    }

    @Test
    public void anEngineThatAnswersWronglyIsRefused() throws Exception {
        refused(new Fake(Float.NaN), "intent_logits are not finite");
        refused(new Fake(Float.POSITIVE_INFINITY), "intent_logits are not finite");
        refused(new Engine() {
            @Override
            public float[][] run(int[] ids) {
                return new float[][] {new float[3]};
            }
        }, "gives 1 outputs, the manifest says 2");
        refused(new Engine() {
            @Override
            public float[][] run(int[] ids) {
                return new float[][] {new float[3], new float[ids.length * 4]};
            }
        }, "gives 32 values for slot_logits, not 40");
        refused(new Engine() {
            private int runs;

            @Override
            public float[][] run(int[] ids) {
                return new float[][] {{runs++, 0, 0}, new float[ids.length * 5]};
            }
        }, "change from run to run");
    }

    @Test
    public void theModelBecomesAFileOnceAndOldOnesGo() throws Exception {
        File folder = new File(temporary.getRoot(), "cache");
        File made = ModelCache.file(bundle, "model.arm.nb", folder);
        assertEquals("a model", new String(Given.bytes(made), StandardCharsets.UTF_8));
        long time = 1000000000000L;
        assertTrue(made.setLastModified(time));
        assertEquals(made, ModelCache.file(bundle, "model.arm.nb", folder));
        assertEquals("it was copied again", time, made.lastModified());
        Given.write(made, "a mode!");
        Given.write(new File(folder, "0123456789abcdef.model.arm.nb"), "of an older app");
        Given.write(new File(folder, "0123456789abcdef.model.arm.nb.part"), "broken off");
        assertEquals(made, ModelCache.file(bundle, "model.arm.nb", folder));
        assertEquals("a model", new String(Given.bytes(made), StandardCharsets.UTF_8));
        assertEquals(Arrays.asList(made.getName()), Arrays.asList(folder.list()));
    }

    @Test
    public void aModelThatChangesMeanwhileIsRefused() throws Exception {
        FolderFiles files = new FolderFiles(new TinyBundle(temporary.newFolder()).folder);
        Bundle other = Bundle.read(files);
        Given.write(new File(files.place(), "model.arm.nb"), "a MODEL");
        File folder = new File(temporary.getRoot(), "cache");
        try {
            ModelCache.file(other, "model.arm.nb", folder);
            fail("a changed model was taken");
        } catch (BundleException fault) {
            assertTrue(fault.getMessage(), fault.getMessage().contains("changed while it was read"));
            assertFalse(fault.isMissing());
        }
        for (String name : folder.list()) {
            assertTrue(name, name.endsWith(".part"));
        }
    }
}
