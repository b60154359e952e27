# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real data sets; the tests that need it carry `@pytest.mark.data`."""
    folder = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder
