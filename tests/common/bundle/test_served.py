# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.bundle import Bundle, read_bundle, served
from common.cli import UserError

import bundle_fixture
import pytest


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(bundle_fixture.bundle())


def test_a_folder_or_the_bundle_in_it(tmp_path):
    assert served.bundle_folder(tmp_path) == tmp_path
    (tmp_path / "bundle").mkdir()
    assert served.bundle_folder(tmp_path) == tmp_path, "no manifest, no bundle"
    (tmp_path / "bundle" / "manifest.json").write_text("{}")
    assert served.bundle_folder(tmp_path) == tmp_path / "bundle"


def test_another_task_is_named(bundle):
    served.check_task(bundle, bundle.task)
    with pytest.raises(UserError) as caught:
        served.check_task(bundle, "named_entities")
    said = f"{bundle.path}: a bundle of the task `{bundle.task}`, but `named_entities` was asked for"
    assert str(caught.value) == said


def test_other_tensors_or_labels_are_named_with_those_expected(bundle):
    served.check_tensors(bundle, ["input_ids"], ["intent_logits", "slot_logits"], ["intent", "slot"])
    with pytest.raises(UserError) as caught:
        served.check_tensors(bundle, ["input_ids", "token_type_ids"], ["logits"], ["class"])
    assert str(caught.value) == (
        f"{bundle.path}: inputs, outputs and labels are ['input_ids'], ['intent_logits', 'slot_logits'], "
        "['intent', 'slot'], expected input_ids and token_type_ids, logits, class; export the bundle again"
    )
