# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""YAML with `_base_` and `-o` → typed, checked settings; every fault names its file and line."""
