# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the programs in tools/ are made of."""
