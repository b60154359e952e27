# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write tests/before/<app>.tar.gz with the code of commit 1b25b00. See README.md beside this file.

Run in a checkout of that commit, with its environment:

    python ../other/tests/before/make.py glue_ofa ../other/tests/before/glue_ofa.tar.gz
"""

import itertools
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

SMALL = {
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
}
ENGINES = {"onnxruntime": "onnx_runtime", "paddle": "paddle"}  # and what infer_demo.py calls them


class Killed(BaseException):
    """Stands for the signal that ends a training."""


def main(app: str, target: Path) -> None:
    checkout = Path.cwd()
    inside = [checkout / app, checkout / app / "deploy" / "python", checkout / "tests" / app, checkout / "tests"]
    sys.path[:0] = [str(path) for path in (*inside, checkout)]
    import common  # noqa: F401  before paddle

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # every path that a run notes is relative to here
        globals()[app]()
        with tarfile.open(target, "w:gz") as packed:
            packed.add(folder, arcname=app, filter=without_owner)
        os.chdir(checkout)


def without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def ernie_tiny_slu() -> None:
    import calls
    import tiny_app

    tiny_app.CONFIG |= SMALL
    tiny = tiny_app.make(Path("inputs"))
    for name in ("intent_label.txt", "slot_label.txt"):
        shutil.copy(tiny_app.DATA / name, f"inputs/{name}")
    tiny_app.DATA = Path("inputs")
    steps = {"max_steps": 240, "save_steps": 120, "learning_rate": 4e-3}
    words = tiny_app.words(tiny, Path("training"), "--do_train", **steps)
    train(words, lambda: tiny_app.train(words), 120, 240)
    words = tiny_app.words(tiny, Path("out"), "--do_export", model_name_or_path="finished")
    calls.kept(Path("out"), tiny_app.train(words))
    shutil.copytree("out/bundle", "bundle")
    texts = ["放周华健的花心", "打10086", "导航去人民广场", ""]
    ask("infer_demo", "--model_dir", [["--text", text] for text in texts], "--backend", ["bundle"])


def sentiment_ppminilm() -> None:
    import calls
    import tiny_aspects

    tiny_aspects.CONFIG |= SMALL
    tiny = tiny_aspects.make(Path("inputs"))
    shutil.rmtree("inputs/skep")
    steps = {"num_epochs": None, "max_steps": 160, "eval_steps": 80}
    words = tiny_aspects.train_words(tiny, Path("training"), max_seq_len=24, learning_rate=5e-3, **steps)
    train(words, lambda: calls.call("train", *words), 80, 160)
    gate = ["--gate_path", tiny.dev, "--max_seq_len", 24, "--gate_engines", "paddle", "onnxruntime"]
    calls.made(Path("static"), "export_model", "--checkpoints", "finished", "--static_model_dir", "static", *gate)
    shutil.copytree("static/bundle", "bundle")
    quant = ["--calibration_path", tiny.train, "--batch_nums", 4, "--embeddings", "--min_agreement", 0]
    source = ["--checkpoints", "finished", "--static_model_dir", "static", "--quant_model_dir", "quant"]
    calls.made(Path("quant"), "quant_post", *source, *gate, *quant)
    shutil.copytree("quant/bundle", "bundle_int8")
    pairs = [("味道很好", "这家店的味道很好，下次再来"), ("电池很差", "朋友说电池很差"), ("", "")]
    asked = [["--aspect", aspect, "--text", text] for aspect, text in pairs]
    ask("predict", "--model_path", asked, "--engine", ["bundle", "bundle_int8"])


def glue_ofa() -> None:
    import calls
    import tiny_glue

    tiny_glue.CONFIG |= SMALL
    tiny = tiny_glue.make(Path("inputs"))
    for name in ("tinybert", "ernie", "ppminilm", "data/STS-B", "data/MNLI"):
        shutil.rmtree(f"inputs/{name}")
    words = tiny_glue.words(tiny, Path("training"), num_train_epochs=None, max_steps=120, save_steps=60)
    train(words, lambda: calls.call("run_glue", *words), 60, 120)
    engines = ("paddle", "onnxruntime")
    words = tiny_glue.export_words(Path("finished"), Path("exported"), None, gate_engines=engines)
    calls.made(Path("exported"), "export_model", *words, "--int8", "--min_agreement", 0, "--data_dir", tiny.data)
    shutil.copytree("exported/static/bundle", "bundle")
    shutil.copytree("exported/static/int8/bundle", "bundle_int8")
    asked = [["--text", text] for text in ("the plot is warm .", "its music feels stale", "")]
    ask("predict", "--model_path", asked, "--engine", ["bundle", "bundle_int8"])


def msra_ner_ofa() -> None:
    import calls
    import tiny_ner

    tiny_ner.CONFIG |= SMALL
    tiny = tiny_ner.make(Path("inputs"))
    shutil.rmtree("inputs/ernie")
    words = tiny_ner.train_words(tiny, Path("training"))
    train(words, lambda: calls.call("run_msra_ner", *words), 32, 64)
    more = ["--gate_engines", "paddle", "onnxruntime"]
    words = tiny_ner.export_words(tiny, Path("finished"), Path("exported"), width_mult=1.0, min_agreement=0)
    calls.made(Path("exported"), "export_model_msra_ner_ofa", *words, *more)
    shutil.copytree("exported/static_model/bundle", "bundle")
    shutil.copytree("exported/static_model_int8/bundle", "bundle_int8")
    asked = [["--text", text] for text in ("张三在北京工作。", "王五是清华大学的人", "")]
    ask("predict", "--model_path", asked, "--engine", ["bundle", "bundle_int8"])


def fleetx_gpt() -> None:
    import calls
    import tiny
    from tools import export, train

    tiny.make(Path("inputs"))
    Path("inputs/images.npz").unlink()
    shutil.copytree(tiny.CONFIGS, "configs")
    small = ["Model.hidden_size=16", "Model.num_layers=1", "Model.num_attention_heads=2", "Model.ffn_hidden_size=32"]
    steps = ["Optimizer.lr.max_lr=0.02", "Engine.save_load.save_steps=60", "Optimizer.lr.decay_steps=120"]
    given = [*tiny.words(Path("inputs"), "training"), *small, *steps]
    config = ["-c", "configs/small/gpt_tiny.yaml"]

    def options(*more: str) -> list[str]:
        return [*config, *itertools.chain.from_iterable(("-o", value) for value in (*given, *more))]

    for steps_in_all, kept in (("60", "training"), ("120", "finished")):
        resumed = ["Engine.save_load.ckpt_dir=training"] if kept == "finished" else []
        words = options(f"Engine.max_steps={steps_in_all}", *resumed)
        calls.kept(Path("training"), calls.run(train.main, train.Options, words))
        if kept == "training":
            shutil.copytree("training", "halted")
    (finished,) = Path("training").glob("*_step_120")
    finished.rename("finished")
    Path("finished.safetensors").write_bytes(Path("finished/model.safetensors").read_bytes())
    words = options("Engine.save_load.ckpt_dir=finished", "Inference.model_dir=bundle", "Inference.onnx=True")
    done = calls.run(export.main, export.Options, words)
    assert done.code == 0, done.err
    shutil.rmtree("training")
    Path("halted").rename("training")
    (Path("training") / "stdout.txt").unlink()
    asked = [["--text", text] for text in ("the cat sat on", "the owl", "dog")]
    write_json("train.json", options("Engine.max_steps=120", "Engine.save_load.ckpt_dir=training"))
    small = [*config, "-o", "Inference.model_dir=BUNDLE", "-o", "Generation.decode_strategy=greedy_search"]
    ask("tools.inference", small, asked, "--engine", ["bundle"])
    shutil.rmtree("configs")
    shutil.rmtree("finished")


def train(words: list, run: Callable, kill_after: int, steps: int) -> None:
    """`training/` as a kill leaves it, `finished/` as the uninterrupted run does, and its last weights."""
    from common import training

    real, done = training.RecipeTrainer.training_step, itertools.count()

    def killed(self, *arguments):
        if next(done) > kill_after:
            raise Killed
        return real(self, *arguments)

    training.RecipeTrainer.training_step = killed
    try:
        run()
    except Killed:
        pass
    else:
        raise AssertionError("it was not killed")
    training.RecipeTrainer.training_step = real
    Path("training").rename("halted")
    ended = run()
    assert ended.code == 0, ended.err
    shutil.copy(f"training/checkpoint-{steps}/model_state.pdparams", "finished.pdparams")
    best = Path("training/model_best")
    (best if best.is_dir() else Path("training")).rename("finished")
    shutil.rmtree("training", ignore_errors=True)
    Path("halted").rename("training")
    write_json("train.json", [str(word) for word in words])


def ask(script: str, model: str | list, asked: list[list[str]], engine: str, bundles: Iterable[str]) -> None:
    """What each bundle answers on each engine, one entry a call, into answers.json; clears away what was in between."""
    import importlib

    import calls

    found = []
    module = importlib.import_module(script)
    for bundle, name, words in itertools.product(bundles, ENGINES, asked):
        word = ENGINES[name] if script == "infer_demo" else name
        start = [model, bundle] if isinstance(model, str) else [part.replace("BUNDLE", bundle) for part in model]
        line = [*start, *words, engine, word]
        ended = calls.run(module.main, module.Options, line)
        assert ended.code == 0, ended.err
        found.append({"words": line, "answer": ended.out})
    write_json("answers.json", found)
    for folder in ("finished", "out", "static", "quant", "exported", "training/runs"):
        if script != "tools.inference":
            shutil.rmtree(folder, ignore_errors=True)


def write_json(name: str, content) -> None:
    Path(name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
