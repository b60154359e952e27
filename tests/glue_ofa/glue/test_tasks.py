# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The tasks by their names."""

from common.cli import UserError

import pytest
from glue import tasks


@pytest.mark.parametrize("word", ["sst-2", "SST-2", "Sst2", "SST_2"])
def test_a_task_in_any_case(word):
    assert tasks.find(word).name == "SST-2"


def test_a_task_that_is_none():
    with pytest.raises(UserError, match=r"--task_name: `MRCP` \(did you mean `MRPC`\?\) is no task; there are SST-2"):
        tasks.find("MRCP")
