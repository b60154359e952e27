# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the flags of the document mean."""

import pytest
from glue.options import device_of


@pytest.mark.parametrize(("count", "device"), [(None, None), (0, "cpu"), (1, "gpu"), (4, "gpu")])
def test_the_number_of_gpus_says_the_device(count, device):
    assert device_of(count) == device
