# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One training by several processes, on Paddle's fleet; on a CPU `cpu_layers` stands for what needs GPUs."""

import common  # noqa: F401  before paddle
