# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the scripts of this app are made of."""
