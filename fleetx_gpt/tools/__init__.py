# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The programs: each one page."""
