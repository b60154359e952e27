# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From summary.json to what people read: tables, plots, one page."""
