# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The modules that this app's scripts are made of."""
