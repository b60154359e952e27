# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import sys
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "ernie_tiny_slu"
sys.path[:0] = [str(APP), str(APP / "deploy" / "python")]
