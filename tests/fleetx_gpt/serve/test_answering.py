# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An exported model at work."""

import common  # noqa: F401  before paddle
from common import cli
from common.cli import UserError

import pytest
import tiny
from fleetx.serve import answering, engines, evaluation
from tools import inference


@pytest.mark.parametrize("engine", list(engines.ENGINES))
def test_an_export_scores_as_its_checkpoint(data, dense, exported, engine):
    how = {"Offline_Eval__eval_path": data / "cloze.jsonl", "Offline_Eval__cloze_eval": True}
    settings = tiny.settings(
        data, dense, Inference__model_dir=exported["fp32"], Engine__save_load__ckpt_dir=dense, **how
    )
    assert answering.score(settings, engine) == evaluation.run(settings)


def test_texts_go_on(data, exported, capsys):
    config = tiny.CONFIGS / "small" / "gpt_tiny.yaml"
    words = [
        "-c",
        config,
        "-o",
        f"Inference.model_dir={exported['fp32']}",
        "-o",
        "Generation.decode_strategy=greedy_search",
    ]
    options = cli.parse(inference.Options, [*map(str, words), "--text", "the cat sat", "the owl"])
    assert options.override[1].startswith("Generation") and options.text == ("the cat sat", "the owl")
    inference.main(options)
    lines = capsys.readouterr().out.splitlines()
    assert [len(line.split()) > 4 for line in lines] == [True, True]
    assert lines[0].startswith("the cat sat ") and lines[1].startswith("the owl ")
    settings = options.settings()
    assert answering.go_on(settings, ["the cat sat"], "onnxruntime") == [lines[0].removeprefix("the cat sat")]
    settings.Generation.decode_strategy, settings.Generation.top_p = "sampling", 1.0
    assert answering.go_on(settings, ["the"] * 3, "paddle") == answering.go_on(settings, ["the"] * 3, "paddle")
    for text in ("", "the " * 40):
        with pytest.raises(UserError, match=r"tokens; the model sees 1 to 31"):
            answering.go_on(settings, [text], "paddle")
    with pytest.raises(UserError, match=r"`onnx` \(did you mean `onnxruntime`\?\)"):
        engines.check_name("onnx")
