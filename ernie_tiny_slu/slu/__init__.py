# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_train.py, run_eval.py and the clients are made of."""
