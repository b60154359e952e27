# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_glue.py, run_glue_ofa.py and export_model.py are made of."""
