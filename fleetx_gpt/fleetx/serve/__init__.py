# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Export, engines, and the answers of what was trained."""
