// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package com.baidu.paddle.lite;

/** See PaddlePredictor. */
public enum PowerMode {
    LITE_POWER_HIGH,
    LITE_POWER_LOW,
    LITE_POWER_FULL,
    LITE_POWER_NO_BIND
}
