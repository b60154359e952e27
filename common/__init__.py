# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the five apps share. Import it before paddle.

libpaddle exports zlib symbols of its own; with a Python whose zlib is a shared library they clash and a later import
dies with `zlib.error: inconsistent stream state` or a segmentation fault. Loading the real zlib first settles it.
"""

import zlib  # noqa: F401  must stay the first import of every process that uses paddle
