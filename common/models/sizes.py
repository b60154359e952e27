# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Sizes that options and networks agree on; no paddle in here."""

HEAD = 64
"""Features of one attention head, as in every published model of the families that the apps use."""
