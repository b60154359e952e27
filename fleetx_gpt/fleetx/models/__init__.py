# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GPT and ViT with their own number of heads and channels in each layer."""

import common  # noqa: F401  before paddle
