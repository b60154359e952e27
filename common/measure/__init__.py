# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Time, memory and scores of bundles, each in a process of its own."""
