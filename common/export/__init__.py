# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a checkpoint to a bundle: Paddle programs, ONNX models, Paddle Lite files."""
