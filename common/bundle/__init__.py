# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle: the folder that deployment reads, the same for Python, C++ and Android."""

from common.bundle.bundle import Bundle, read_bundle

__all__ = ["Bundle", "read_bundle"]
