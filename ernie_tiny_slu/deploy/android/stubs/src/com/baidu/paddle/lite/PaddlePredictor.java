// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package com.baidu.paddle.lite;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Stands in for Paddle Lite's Java API on a computer: as much of it as PaddleLiteRunner calls, written for its tests and
 * for compiling where the real jar is absent. It is never packed into the app. Behind it works the real Paddle Lite for
 * x86 in a child process: `-Dslu.python` is a Python that has it, `-Dslu.child` is lite_child.py.
 */
public class PaddlePredictor {
    private final PrintWriter toChild;
    private final BufferedReader fromChild;
    private final Tensor input = new Tensor();
    private final List<Tensor> outputs = new ArrayList<Tensor>();

    private PaddlePredictor(ConfigBase config) throws IOException {
        String python = System.getProperty("slu.python");
        if (python == null) {
            throw new UnsatisfiedLinkError("no paddle_lite_jni on this machine; give -Dslu.python and -Dslu.child");
        }
        ProcessBuilder builder = new ProcessBuilder(python, System.getProperty("slu.child"), config.model);
        Process child = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        toChild = new PrintWriter(child.getOutputStream(), true);
        fromChild = new BufferedReader(new InputStreamReader(child.getInputStream(), "US-ASCII"));
    }

    /** Null where the model cannot be opened. */
    public static PaddlePredictor createPaddlePredictor(ConfigBase config) {
        try {
            PaddlePredictor predictor = new PaddlePredictor(config);
            return "ready".equals(predictor.fromChild.readLine()) ? predictor : null;
        } catch (IOException fault) {
            return null;
        }
    }

    public Tensor getInput(int offset) {
        return offset == 0 ? input : null;
    }

    public Tensor getOutput(int offset) {
        return offset < outputs.size() ? outputs.get(offset) : null;
    }

    /** A line of ids out, a line with the number of outputs and a line of numbers for each output back. */
    public boolean run() {
        if (input.shape.length != 2 || input.shape[0] * input.shape[1] != input.ids.length) {
            return false;
        }
        toChild.println(Arrays.toString(input.ids));
        try {
            outputs.clear();
            int count = Integer.parseInt(fromChild.readLine());
            for (int i = 0; i < count; i++) {
                outputs.add(read(fromChild.readLine().split(" ")));
            }
            return count > 0;
        } catch (IOException fault) {
            return false;
        }
    }

    private static Tensor read(String[] words) {
        Tensor tensor = new Tensor();
        tensor.values = new float[words.length];
        for (int i = 0; i < words.length; i++) {
            tensor.values[i] = Float.parseFloat(words[i]);
        }
        return tensor;
    }
}
