# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json

import common  # noqa: F401  before paddle
from common.cli import UserError

import gpt2_layout
import numpy as np
import paddle
import pytest
from fleetx.models import generation
from fleetx.models.blocks import unseen
from fleetx.models.build import build, parameter_count
from fleetx.models.gpt import padded_rows
from fleetx.models.shape import Shape
from fleetx.settings.load import Settings
from fleetx.settings.model import ModelSettings
from fleetx.settings.task import GenerationSettings
from fleetx.state import checkpoints, convert_gpt2, weights
from tools import convert

CLOSE = 2e-5  # float32 against float64 on logits of some tens


def small(**changes) -> ModelSettings:
    sizes = {
        "vocab_size": 50, "hidden_size": 16, "num_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 16,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.3,
    }  # fmt: skip
    return ModelSettings(**sizes | changes)


def vit(**changes) -> ModelSettings:
    return small(module="GeneralClsModule", image_size=8, patch_size=4, num_classes=3, **changes)


def ids(batch=2, length=9, vocab=50, seed=0):
    return np.random.default_rng(seed).integers(0, vocab, (batch, length))


def answer(network, tokens):
    with paddle.no_grad():
        return network(paddle.to_tensor(tokens)).numpy()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return folder, gpt2_layout.make(folder)


def test_a_published_checkpoint_converts_and_computes_the_same(published, tmp_path, capsys):
    folder, published_weights = published
    convert.main(convert.Options(folder, tmp_path / "converted"))
    assert "parameters" in capsys.readouterr().out
    found = checkpoints.open_folder(tmp_path / "converted")
    network = found.network()
    tokens = ids(vocab=300, length=12)
    expected = gpt2_layout.logits(published_weights, tokens)
    assert np.abs(expected).max() > 2
    np.testing.assert_allclose(answer(network, tokens), expected, atol=CLOSE, rtol=CLOSE)
    assert found.shape == Shape((4, 4, 4), (96, 96, 96), 6)
    assert parameter_count(network) == sum(a.size for n, a in published_weights.items() if not n.endswith(".attn.bias"))
    names = set(network.state_dict())
    assert "gpt.decoder.layers.0.self_attn.qkv_proj.weight" in names
    assert "gpt.embeddings.word_embeddings.weight" in names and "gpt.decoder.norm.bias" in names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activation_function": "relu"}, "activation_function is relu; only gelu_new"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"model_type": "llama"}, "not of a GPT-2 (model_type llama)"),
        ({"n_head": 5}, "5 heads cannot share 24 features"),
        ({"n_layer": 4}, "gpt.decoder.layers.3.norm1.weight is missing"),
        ({"n_inner": 48}, "has the shape [24, 96], the manifest says [24, 48]"),
    ],
)
def test_what_cannot_be_converted(tmp_path, changes, message):
    gpt2_layout.make(tmp_path, **changes)
    with pytest.raises(UserError) as fault:
        convert.main(convert.Options(tmp_path, tmp_path / "out"))
    assert message in str(fault.value) and not (tmp_path / "out").exists()


def test_a_folder_without_safe_weights(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**gpt2_layout.SIZES}))
    with pytest.raises(UserError, match=r"a pytorch_model.bin can run code"):
        convert_gpt2.read_gpt2(tmp_path)


def test_query_key_value_by_head():
    mixed = np.array(["q0", "q0", "q1", "q1", "k0", "k0", "k1", "k1", "v0", "v0", "v1", "v1"])
    assert " ".join(convert_gpt2.by_head(mixed, 2)) == "q0 q0 k0 k0 v0 v0 q1 q1 k1 k1 v1 v1"


@pytest.mark.parametrize("fused", [True, False])
def test_variants_that_compute_the_same(fused):
    """Fused or three projections; scaled by the layer's number or not."""
    tokens = ids()
    network = build(small(fuse_attn_qkv=fused))
    plain = build(small(fuse_attn_qkv=fused, scale_qk_by_layer_num=False))
    weights.fill(plain, weights.arrays_of(network), "memory")
    np.testing.assert_allclose(answer(network, tokens), answer(plain, tokens), atol=1e-5)
    if not fused:
        joined = build(small())
        arrays = weights.arrays_of(network)
        for layer in range(2):
            place = f"gpt.decoder.layers.{layer}.self_attn"
            for kind in ("weight", "bias"):
                parts = [arrays.pop(f"{place}.{name}_proj.{kind}") for name in "qkv"]
                arrays[f"{place}.qkv_proj.{kind}"] = convert_gpt2.by_head(np.concatenate(parts, axis=-1), 4)
        weights.fill(joined, arrays, "memory")
        np.testing.assert_allclose(answer(network, tokens), answer(joined, tokens), atol=1e-5)


def test_layers_of_their_own_size():
    shape = Shape((3, 1), (64, 10), 4)
    network = build(small(), shape)
    state = network.state_dict()
    assert state["gpt.decoder.layers.1.self_attn.qkv_proj.weight"].shape == [16, 12]
    assert state["gpt.decoder.layers.1.linear2.weight"].shape == [10, 16]
    assert answer(network, ids()).shape == (2, 9, 50)


def test_no_token_sees_what_comes_behind_it():
    network, tokens = build(small()), ids()
    changed = tokens.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 50
    before, after = answer(network, tokens), answer(network, changed)
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert np.abs(before[:, 5:] - after[:, 5:]).max() > 0.1
    assert unseen(2, 3).numpy().tolist() == [[[[0, 0, -1e4], [0, 0, 0]]]]


def test_the_cache_gives_what_the_whole_text_gives():
    network, tokens = build(small(), Shape((3, 1), (64, 10), 4)), ids()
    caches, parts = network.no_cache(2), []
    with paddle.no_grad():
        for start, end in ((0, 4), (4, 5), (5, 9)):
            logits, caches = network.forward_cached(paddle.to_tensor(tokens[:, start:end]), caches)
            parts.append(logits.numpy())
    np.testing.assert_allclose(np.concatenate(parts, axis=1), answer(network, tokens), atol=1e-5)


@pytest.mark.parametrize("granularity", ["full", "full_attn", "core_attn"])
def test_recomputed_gradients_are_the_same(granularity):
    """With dropout, so that the second forward must draw the same numbers."""
    drop = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}
    plain = build(small(**drop))
    again = build(small(**drop, use_recompute=True, recompute_granularity=granularity, no_recompute_layers=(1,)))
    assert [block.recompute for block in again.blocks] == [granularity, None]
    weights.fill(again, weights.arrays_of(plain), "memory")
    found = []
    for network in (plain, again):
        network.train()
        paddle.seed(7)
        network(paddle.to_tensor(ids())).square().mean().backward()
        found.append({name: weight.grad.numpy() for name, weight in network.named_parameters()})
    for name, gradient in found[0].items():
        np.testing.assert_allclose(found[1][name], gradient, atol=1e-6, err_msg=name)


def test_padding_of_the_token_table_is_never_answered():
    from fleetx.models.layers import PlainLayers

    class Padding(PlainLayers):
        def words(self, rows, features):
            return super().words(rows + 14, features)

    assert [padded_rows(small(vocab_size_divisible_unit=8), degree) for degree in (1, 2)] == [50, 64]
    network = build(small(), layers=Padding(0.02))
    assert answer(network, ids()).shape[-1] == 50


def test_a_vit():
    network = build(vit(), Shape((4, 2), (64, 8), 4))
    images = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype("float32")
    logits = answer(network, images)
    assert logits.shape == (3, 3) and np.isfinite(logits).all()
    assert np.abs(answer(network, images[:, :, ::-1].copy()) - logits).max() > 1e-4
    network.train()
    network(paddle.to_tensor(images)).sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_greedy_generation_with_and_without_cache():
    network, prompt = build(small()), ids(length=3)
    how = GenerationSettings(decode_strategy="greedy_search", max_dec_len=8)
    answers = generation.generate(generation.cached(network, 2), prompt, how, 16, None)
    again = generation.generate(generation.uncached(lambda seen: answer(network, seen)), prompt, how, 16, None)
    assert answers == again and [len(row) for row in answers] == [8, 8]
    assert answers[0][0] == answer(network, prompt)[0, -1].argmax()
    capped = generation.generate(generation.cached(network, 2), prompt, how, 5, None)
    assert capped == [row[:2] for row in answers]
    end = answers[0][2]
    ended = generation.generate(generation.cached(network, 2), prompt, how, 16, end)
    assert ended[0] == answers[0][: answers[0].index(end)]


def test_sampling_takes_from_the_nucleus():
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]])).repeat(4000, axis=0)

    def drawn(**how):
        tokens = generation.choose(logits, GenerationSettings(**how), np.random.default_rng(0))
        return np.bincount(tokens, minlength=4) / 4000

    np.testing.assert_allclose(drawn(top_k=0, top_p=1.0), [0.5, 0.3, 0.15, 0.05], atol=0.03)
    np.testing.assert_allclose(drawn(top_k=0, top_p=0.75), [0.625, 0.375, 0, 0], atol=0.03)
    np.testing.assert_allclose(drawn(top_k=1, top_p=1.0), [1, 0, 0, 0])
    np.testing.assert_allclose(drawn(top_k=0, top_p=0.2), [1, 0, 0, 0])
    cold = drawn(top_k=0, top_p=1.0, temperature=0.1)
    assert cold[0] > 0.98


def test_the_end_waits_for_min_dec_len():
    def always_end(new):
        logits = np.zeros((1, 5))
        logits[:, 3] = 9
        return logits

    how = GenerationSettings(decode_strategy="greedy_search", min_dec_len=2, max_dec_len=9)
    assert generation.generate(always_end, np.zeros((1, 1), "int64"), how, 20, 3) == [[0, 0]]


def test_a_configuration_and_a_checkpoint_agree(tmp_path):
    checkpoints.write(tmp_path, build(small()), small(), None, progress={})
    found = checkpoints.open_folder(tmp_path)
    settings = Settings(Model=small(vocab_size=64, vocab_size_divisible_unit=64, hidden_dropout_prob=0.5))
    settings.places = {"Model.vocab_size": "a.yaml:3", "Model.hidden_size": "a.yaml:4"}
    model = checkpoints.agreed(settings, found)
    assert model.vocab_size == 50 and model.hidden_dropout_prob == 0.5  # 50 rows padded are 64
    settings.Model.vocab_size = 65
    with pytest.raises(UserError, match=r"a.yaml:3: Model.vocab_size: is 65, but .* has 50"):
        checkpoints.agreed(settings, found)
    settings.Model = vit(hidden_size=16)
    settings.places = {"Model.module": "a.yaml:1"}
    with pytest.raises(UserError, match=r"a.yaml:1: Model.module: GeneralClsModule, but .* is a GPT"):
        checkpoints.agreed(settings, found)


def test_checkpoints_are_checked(tmp_path):
    network = build(small(), Shape((3, 1), (64, 10), 4))
    checkpoints.write(tmp_path / "epoch_0_step_4", network, small(), None, progress={"step": 4})
    checkpoints.write(tmp_path / "epoch_0_step_12", network, small(), None, progress={"step": 12})
    (tmp_path / "epoch_1_step_90").mkdir()  # not whole
    found = checkpoints.open_folder(tmp_path)
    assert found.progress == {"step": 12} and found.shape == network.shape
    np.testing.assert_array_equal(answer(found.network(), ids()), answer(network, ids()))
    checkpoints.keep_newest(tmp_path, 1)
    assert [path.name for path in checkpoints.inside(tmp_path)] == ["epoch_0_step_12"]

    store = tmp_path / "epoch_0_step_12" / "model.safetensors"
    store.write_bytes(store.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"model.safetensors: its sha256 is not the manifest's"):
        checkpoints.open_folder(tmp_path)
    with pytest.raises(UserError, match=r"damaged or not a weights file"):
        weights.read(store)
    with pytest.raises(UserError, match=r"holds no checkpoint"):
        checkpoints.open_folder(tmp_path / "epoch_1_step_90")
    with pytest.raises(UserError, match=r"no such checkpoint folder"):
        checkpoints.open_folder(tmp_path / "nowhere")


def test_an_unfinished_checkpoint_leaves_the_last_whole_one(tmp_path, monkeypatch):
    checkpoints.write(tmp_path / "epoch_0_step_4", build(small()), small(), None, progress={"step": 4})

    def full(arrays, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "save", full)
    for step in (4, 8):
        with pytest.raises(OSError, match=r"No space left"):
            checkpoints.write(tmp_path / f"epoch_0_step_{step}", build(small()), small(), None, progress={"step": step})
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0_step_4"]
    assert checkpoints.open_folder(tmp_path).progress == {"step": 4}
