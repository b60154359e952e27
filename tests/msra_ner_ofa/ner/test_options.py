# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Words that the options of both trainings refuse."""

from common.cli import UserError

import pytest
from ner.options import check_task, check_type


def test_the_task_has_two_names_in_any_case():
    check_task("MSRA")
    check_task("msra_ner")
    with pytest.raises(UserError, match="--task_name `sst-2`"):
        check_task("sst-2")


def test_a_type_that_is_nearly_one_is_named():
    with pytest.raises(UserError, match=r"`bart` \(did you mean `bert`\?\)"):
        check_type("bart")
