# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tuning on PaddleNLP's Trainer: options, trainer, resuming."""
