# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Windows and vocabularies that are refused."""

import pytest
from fleetx.settings.build import BadValue
from fleetx.settings.task import DatasetSettings, OfflineEvalSettings, TokenizerSettings


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: OfflineEvalSettings(overlapping_eval=9, max_seq_len=8), "overlapping_eval"),
        (lambda: TokenizerSettings(vocab_file="vocab.json"), "merges_file"),
        (lambda: DatasetSettings(split=(1, 2)), "split"),
    ],
)
def test_what_is_refused(make, field):
    with pytest.raises(BadValue) as raised:
        make()
    assert raised.value.field == field
