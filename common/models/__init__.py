# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Networks that describe themselves: encoders, checkpoints, widths, INT8 layers and tables, CRF."""
