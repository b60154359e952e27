# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Text, images, and the rows that are made of them."""
