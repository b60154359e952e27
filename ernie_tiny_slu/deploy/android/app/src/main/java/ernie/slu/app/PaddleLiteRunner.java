// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.app;

import com.baidu.paddle.lite.MobileConfig;
import com.baidu.paddle.lite.PaddlePredictor;
import com.baidu.paddle.lite.PowerMode;
import com.baidu.paddle.lite.Tensor;
import ernie.slu.core.Engine;
import ernie.slu.core.EngineException;
import java.io.File;

/**
 * Paddle Lite through its Java API. The library aborts the whole process on a damaged file: check its sha256 before.
 *
 * <p>No android.* here, so that the tests can drive this very class on a desktop.
 */
public final class PaddleLiteRunner implements Engine {
    private final PaddlePredictor predictor;
    private final int outputs;

    /**
     * @param model a .nb file for this processor, with one int32 input
     * @param outputs how many the manifest names
     */
    public PaddleLiteRunner(File model, int threads, int outputs) throws EngineException {
        MobileConfig config = new MobileConfig();
        config.setModelFromFile(model.getPath());
        config.setThreads(threads);
        config.setPowerMode(PowerMode.LITE_POWER_HIGH);
        predictor = PaddlePredictor.createPaddlePredictor(config);
        this.outputs = outputs;
        if (predictor == null || predictor.getInput(0) == null) {
            throw new EngineException(model + ": Paddle Lite cannot open it; prepare the model again");
        }
    }

    @Override
    public float[][] run(int[] ids) throws EngineException {
        Tensor input = predictor.getInput(0);
        if (!input.resize(new long[] {1, ids.length}) || !input.setData(ids)) { // int[], so int32
            throw new EngineException("Paddle Lite does not take " + ids.length + " ids");
        }
        if (!predictor.run()) {
            throw new EngineException("Paddle Lite did not run; prepare the model again");
        }
        float[][] found = new float[outputs][];
        for (int i = 0; i < outputs; i++) {
            Tensor output = predictor.getOutput(i);
            if (output == null) {
                throw new EngineException("the model has no output " + i + "; prepare it again");
            }
            found[i] = output.getFloatData();
        }
        return found;
    }
}
