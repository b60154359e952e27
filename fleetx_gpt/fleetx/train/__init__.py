# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training, evaluation and checkpoints of any model here, compressed or not."""

import common  # noqa: F401  before paddle
