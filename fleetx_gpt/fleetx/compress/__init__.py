# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Pruning, distillation and quantisation of a network in training, alone or together."""

import common  # noqa: F401  before paddle
