# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO / "fleetx_gpt"), str(REPO / "tests")]
