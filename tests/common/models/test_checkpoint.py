# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
from pathlib import Path

from common.cli import UserError
from common.compress import ofa
from common.data import vocabulary
from common.models import checkpoint, int8, width

import numpy as np
import paddle
import pytest
from paddlenlp.transformers import ErnieConfig, ErnieModel
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION as REGISTRY
from tiny_models import INTENTS, VOCABULARY, Tiny, difference, ids, tiny


@pytest.fixture
def saved(tmp_path):
    """A whole checkpoint folder, and the model that was saved there."""
    return tmp_path / "model", save(tiny(), tmp_path / "model")


def save(model, folder: Path):
    path = folder.parent / "vocab.txt"
    vocabulary.write(path, vocabulary.widened(VOCABULARY, 60))
    checkpoint.save(model, path, folder, {"stage": "original"})
    return model


def change(folder: Path, edit) -> None:
    state = paddle.load(str(folder / checkpoint.WEIGHTS))
    edit(state)
    paddle.save(state, str(folder / checkpoint.WEIGHTS))


def change_config(folder: Path, **values) -> None:
    config = json.loads((folder / checkpoint.CONFIG).read_text())
    (folder / checkpoint.CONFIG).write_text(json.dumps(config | values))


def test_a_checkpoint_is_whole_and_loads_exactly(saved):
    folder, model = saved
    assert {"config.json", "model_state.pdparams", "vocab.txt", "tokenizer_config.json", "training.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    assert json.loads((folder / "training.json").read_text()) == {"stage": "original"}
    other = Tiny.from_pretrained(str(folder))
    assert not other.training
    assert difference(model, other, ids(padded=True)) == 0


def test_a_pruned_and_quantised_checkpoint_describes_itself(tmp_path):
    """Width, INT8 Linears and INT8 tables together, loaded without a flag; tolerance 0."""
    model = tiny()
    width.resize(model.ernie.encoder, *ofa.sizes_at(model.ernie.encoder, 0.5))
    width.record(model.ernie.encoder, model.config)
    int8.calibrate(
        model,
        [{"input_ids": ids()}],
        {"weight_type": "abs_max", "activation_type": "abs_max", "moving_rate": 0.9},
    )
    int8.quantize_embeddings(model)
    save(model, tmp_path / "model")
    other = Tiny.from_pretrained(str(tmp_path / "model"))
    assert width.heads_of(other.ernie.encoder) == [2, 2]
    assert other.state_dict()["ernie.embeddings.word_embeddings.rows"].dtype == paddle.int8
    assert difference(model, other, ids()) == 0


NAME = "ernie.encoder.layers.1.linear2.weight"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda state: state.pop(NAME), rf"{NAME} is missing"),
        (
            lambda state: state.update({NAME: state[NAME][:10]}),
            rf"{NAME} has shape \[10, 32\], config.json says \[64, 32\]",
        ),
        (lambda state: state.update(extra=state[NAME]), "weight extra has no place"),
        (
            lambda state: state.update({NAME: state[NAME].astype("float16")}),
            rf"{NAME} is .*float16, .* asks for .*float32",
        ),
    ],
    ids=["missing", "misshapen", "left over", "other type"],
)
def test_weights_that_do_not_fit_are_refused(saved, edit, message):
    folder, _ = saved
    change(folder, edit)
    with pytest.raises(UserError, match=message) as caught:
        Tiny.from_pretrained(str(folder))
    assert str(folder / checkpoint.WEIGHTS) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paddlenlp_only_warns_about_missing_weights(saved):
    """Why there is a loader of our own: the stock one ends well with random weights in place of a missing one."""
    folder, model = saved
    change(folder, lambda state: state.pop(NAME))
    stock = super(Tiny, Tiny).from_pretrained(str(folder))
    assert not np.array_equal(stock.state_dict()[NAME].numpy(), model.state_dict()[NAME].numpy())


def test_an_unshrunk_config_does_not_take_shrunk_weights(saved):
    folder, model = saved
    width.resize(model.ernie.encoder, [2, 2], [32, 32])
    paddle.save(model.state_dict(), str(folder / checkpoint.WEIGHTS))
    with pytest.raises(UserError, match=r"q_proj.weight has shape \[32, 16\], config.json says \[32, 32\]"):
        Tiny.from_pretrained(str(folder))


@pytest.mark.parametrize("content", [b"", b"not weights at all", "half"], ids=["empty", "text", "cut short"])
def test_a_damaged_weights_file(saved, content):
    folder, _ = saved
    file = folder / checkpoint.WEIGHTS
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if content == "half" else content)
    with pytest.raises(UserError, match=r"model_state.pdparams: damaged or not a weights file"):
        Tiny.from_pretrained(str(folder))


@pytest.mark.parametrize("content", ["{", "[]", "3"])
def test_a_damaged_config(saved, content):
    folder, _ = saved
    (folder / checkpoint.CONFIG).write_text(content)
    with pytest.raises(UserError, match=r"config.json.*(not JSON|not a model configuration)"):
        Tiny.from_pretrained(str(folder))


@pytest.mark.parametrize("changes", [{"layer_heads": [4, 9], "layer_ffn": [64, 64]}, {"layer_heads": [4]}])
def test_a_config_that_describes_no_model(saved, changes):
    folder, _ = saved
    change_config(folder, **changes)
    with pytest.raises(UserError, match=r"config.json: describes no model"):
        Tiny.from_pretrained(str(folder))


def test_missing_files_are_named_with_what_is_there(saved):
    folder, _ = saved
    (folder / checkpoint.WEIGHTS).unlink()
    with pytest.raises(UserError, match=r"model_state.pdparams: no such weights file; .* holds: .*config.json"):
        Tiny.from_pretrained(str(folder))
    (folder / checkpoint.CONFIG).unlink()
    with pytest.raises(UserError, match=r"config.json: no such model configuration"):
        Tiny.from_pretrained(str(folder))


def test_a_head_of_another_width_is_refused_with_both_numbers(saved):
    folder, _ = saved
    with pytest.raises(UserError, match=rf"sentence_dim is {len(INTENTS)} in this checkpoint, but 7 labels are given"):
        Tiny.from_pretrained(str(folder), sentence_dim=7)
    assert Tiny.from_pretrained(str(folder), sentence_dim=len(INTENTS)).config.sentence_dim == len(INTENTS)


@pytest.mark.parametrize("name", ["ernie-no-such-model", "nobody/no-such-model"])
def test_a_name_that_cannot_be_reached_is_one_line_with_the_ways_out(name):
    with pytest.raises(UserError) as caught:
        Tiny.from_pretrained(name, sentence_dim=3, token_dim=5)
    message = str(caught.value)
    assert message.startswith(name)
    assert "--model_name_or_path DIR" in message
    assert "--from_scratch" in message
    assert "\n" not in message


def test_without_a_network_a_known_name_is_not_replaced_by_random_weights():
    def no_network(name):
        raise OSError("Connection refused\nand more lines")

    with pytest.raises(UserError, match=r"neither a folder here nor reachable.*--from_scratch"):
        checkpoint.load(Tiny, no_network, "ernie-3.0-tiny-nano-v2-zh")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"no/such: no such checkpoint folder"):
        Tiny.from_pretrained(str(tmp_path / "no" / "such"))


def test_is_ours(saved, tmp_path):
    folder, _ = saved
    assert checkpoint.is_ours(Tiny, folder)
    assert not checkpoint.is_ours(ErnieModel, folder)
    assert not checkpoint.is_ours(Tiny, tmp_path)
    assert not checkpoint.is_ours(Tiny, "ernie-3.0-tiny-nano-v2-zh")
    change_config(folder, architectures=None)
    assert not checkpoint.is_ours(Tiny, folder)


SIZES = {"base": (12, 768), "medium": (6, 768), "mini": (6, 384), "micro": (4, 384), "nano": (4, 312), "pico": (3, 128)}
V2 = [f"ernie-3.0-tiny-{size}-v2-zh" for size in SIZES]
V1 = [f"ernie-3.0-tiny-{size}-v1-zh" for size in list(SIZES)[:5]]


@pytest.mark.parametrize("name", [*V2, *V1])
def test_architecture_of_every_documented_name(name):
    config = checkpoint.architecture(ErnieConfig, REGISTRY, name)
    layers, hidden = SIZES[name.split("-")[3]]
    assert (config.num_hidden_layers, config.hidden_size) == (layers, hidden)
    assert config.hidden_size % config.num_attention_heads == 0
    assert config.vocab_size == 40000


def test_an_unknown_architecture():
    with pytest.raises(UserError, match="--model_name_or_path: --from_scratch knows no architecture `ernie-4`"):
        checkpoint.architecture(ErnieConfig, REGISTRY, "ernie-4")


def test_saving_is_all_or_nothing(saved, monkeypatch):
    """A fault in the middle leaves the old checkpoint whole and loadable, and no rest beside it."""
    folder, model = saved
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    sentence = model.sentence.weight
    sentence.set_value(sentence * 2)

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paddle, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(model, folder / checkpoint.VOCABULARY, folder, {"stage": "other"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "vocab.txt"]
    monkeypatch.undo()
    checkpoint.save(model, folder.parent / "vocab.txt", folder, {"stage": "other"})
    assert difference(model, Tiny.from_pretrained(str(folder)), ids()) == 0


def test_writing_into_a_folder_keeps_what_else_it_holds(saved):
    folder, model = saved
    (folder / "bundle").mkdir()
    checkpoint.write_into(model, folder / checkpoint.VOCABULARY, folder, {"stage": "again"})
    assert (folder / "bundle").is_dir()
    assert json.loads((folder / "training.json").read_text()) == {"stage": "again"}
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
