# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Text files to examples: readers, labels, tags, tokenizer and vocabulary. No paddle in here."""
