# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from pathlib import Path

from common.cli import UserError
from common.train import resume

import pytest
from tiny_training import options


def checkpoint(folder: Path, step: int, whole: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model_state.pdparams").write_bytes(b"x")
    if whole:
        (path / resume.WHOLE).touch()
    return path


def test_unfinished_checkpoints_are_removed_and_the_newest_whole_one_taken(tmp_path):
    for step, is_whole in ((9, True), (10, True), (11, False)):
        checkpoint(tmp_path, step, is_whole)
    (tmp_path / "vocab.txt").touch()
    found = resume.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint="last"))
    assert found == str(tmp_path / "checkpoint-10")  # by number, not by name
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-10", "checkpoint-9"]
    assert (tmp_path / "vocab.txt").exists()


def test_last_without_any_checkpoint_starts_anew(tmp_path):
    checkpoint(tmp_path, 5, whole=False)
    assert resume.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint="last")) is None
    assert not (tmp_path / "checkpoint-5").exists()


def test_a_named_checkpoint_must_be_whole_and_is_not_removed(tmp_path):
    good, bad = checkpoint(tmp_path, 5), checkpoint(tmp_path, 10, whole=False)
    with pytest.raises(UserError, match=r"checkpoint-10: not a whole checkpoint; the newest .*checkpoint-5"):
        resume.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint=str(bad)))
    assert bad.exists()
    assert resume.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint=str(good))) == str(good)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    kept = checkpoint(tmp_path, 5)
    with pytest.raises(UserError, match=r"not empty; pass --overwrite_output_dir or --resume_from_checkpoint last"):
        resume.checkpoint_to_resume(options(tmp_path))
    assert kept.exists()
    assert resume.checkpoint_to_resume(options(tmp_path, overwrite_output_dir=True)) is None
    assert not kept.exists()
    assert resume.checkpoint_to_resume(options(tmp_path / "new")) is None


def test_resuming_another_run_is_refused(tmp_path):
    resume.checkpoint_to_resume(options(tmp_path))
    checkpoint(tmp_path, 5)
    changed = options(tmp_path, resume_from_checkpoint="last", learning_rate=0.5)
    with pytest.raises(UserError, match=r"--learning_rate is 0.5, but .*checkpoint-5 comes from a run with 0.01"):
        resume.checkpoint_to_resume(changed)
    free = options(tmp_path, resume_from_checkpoint="last", logging_steps=1, save_total_limit=2)
    assert resume.checkpoint_to_resume(free) == str(tmp_path / "checkpoint-5")
