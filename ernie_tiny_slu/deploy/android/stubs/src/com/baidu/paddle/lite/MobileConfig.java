// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package com.baidu.paddle.lite;

/** See PaddlePredictor. */
public class MobileConfig extends ConfigBase {}
