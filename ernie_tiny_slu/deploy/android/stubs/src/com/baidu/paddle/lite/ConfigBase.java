// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package com.baidu.paddle.lite;

/** See PaddlePredictor. */
public class ConfigBase {
    String model = "";

    public void setModelFromFile(String file) {
        model = file;
    }

    public void setThreads(int threads) {}

    public void setPowerMode(PowerMode mode) {}
}
