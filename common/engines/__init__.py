# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every engine that may serve a bundle, behind one interface."""
