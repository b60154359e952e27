# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Weights and checkpoints on disk."""
