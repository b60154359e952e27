# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Smaller models: width training with distillation, and post-training quantization."""
