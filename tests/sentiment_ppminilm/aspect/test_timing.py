# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The clock: what is timed, what is not, and answers that must not change."""

import json
import time

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.engines import onnx_runtime

import numpy as np
import pytest
from aspect import timing
from speed_calls import refused, run


class Engine:
    """Answers as told and remembers which batches it was given."""

    engine = "stand-in"

    def __init__(self, noise=0.0, seconds=0.0, value=1.0):
        self.noise, self.seconds, self.value, self.seen = noise, seconds, value, []

    def run(self, ids, types):
        time.sleep(self.seconds)
        self.seen.append(len(ids))
        return {"logits": np.full([len(ids), 2], self.value + self.noise * len(self.seen), "float32")}


BATCHES = [(np.ones([size, 4]), np.zeros([size, 4])) for size in (1, 2, 3)]


@pytest.mark.parametrize(("steps", "first"), [(None, [1, 2, 3]), (2, [1, 2]), (5, [1, 2, 3, 1, 2])])
def test_warm_up_batches_really_run(steps, first):
    """Upstream counted warm-up steps and ran none of them."""
    stand_in = Engine()
    report = timing.measure(stand_in, BATCHES, 2, steps)
    assert stand_in.seen == [*first, 1, 2, 3, 1, 2, 3]
    assert report.warmup_batches == len(first)


def test_warm_up_is_not_in_the_times():
    class Slow(Engine):
        def run(self, ids, types):
            time.sleep(0.1 * (len(self.seen) < 3))
            return super().run(ids, types)

    report = timing.measure(Slow(), BATCHES, 1)
    assert report.mean_epoch_s < 0.1, "0.3 s are the warm-up's"


def test_times_are_of_batches_and_epochs():
    report = timing.measure(Engine(seconds=0.02), BATCHES, 3)
    assert len(report.epochs_s) == 3
    assert report.mean_epoch_s == pytest.approx(np.mean(report.epochs_s)) and 0.06 <= report.mean_epoch_s < 0.3
    assert 20 <= report.p50_ms <= report.p95_ms


def test_every_batch_is_answered_twice_even_in_one_epoch():
    stand_in = Engine()
    timing.measure(stand_in, BATCHES, 1, 1)
    assert stand_in.seen == [1, 1, 2, 3, 2, 3]


@pytest.mark.parametrize(("epochs", "steps"), [(1, None), (3, 1), (1, 1)])
def test_answers_that_change_stop_the_test(epochs, steps):
    with pytest.raises(UserError, match=r"batch \d: stand-in changes its answers from run to run, by up to"):
        timing.measure(Engine(noise=1e-6), BATCHES, epochs, steps)
    with pytest.raises(UserError, match="batch 1: stand-in answers NaN or infinity"):
        timing.measure(Engine(value=np.nan), BATCHES, epochs, steps)


def test_an_engine_that_changes_its_answers_is_refused_by_name(fp32, monkeypatch):
    compute, noise = onnx_runtime.OnnxRuntime.run, iter(range(99))
    monkeypatch.setattr(
        onnx_runtime.OnnxRuntime, "run", lambda self, arrays: [a + next(noise) for a in compute(self, arrays)]
    )
    refused(run(*fp32, "--engine", "onnxruntime"), 2, "onnxruntime changes its answers from run to run, by up to 2")


def test_tokenising_is_timed_apart(fp32, monkeypatch, tmp_path):
    """Upstream's clock ran over the tokenizer too."""
    encode = WordPieceTokenizer.encode_pair

    def slowly(*arguments):
        time.sleep(0.01)
        return encode(*arguments)

    monkeypatch.setattr(WordPieceTokenizer, "encode_pair", slowly)
    words = ["--engine", "onnxruntime", "--batch_size", 30, "--num_epochs", 3, "--output_dir", tmp_path]
    assert run(*fp32, *words).code == 0
    report = json.loads((tmp_path / "speed_results.json").read_text())
    assert report["tokenising_s"] >= 0.3 > report["p95_ms"] / 1e3
