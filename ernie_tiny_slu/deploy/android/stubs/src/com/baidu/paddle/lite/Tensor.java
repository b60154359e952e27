// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package com.baidu.paddle.lite;

/** See PaddlePredictor. */
public class Tensor {
    long[] shape = {};
    int[] ids = {};
    float[] values = {};

    public boolean resize(long[] dims) {
        shape = dims.clone();
        return true;
    }

    public boolean setData(int[] data) {
        ids = data.clone();
        return true;
    }

    public long[] shape() {
        return shape.clone();
    }

    public float[] getFloatData() {
        return values.clone();
    }
}
