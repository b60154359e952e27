# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What measures the published figures; a fork may delete it."""
