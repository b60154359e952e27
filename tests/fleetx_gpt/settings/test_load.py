# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Files as checked settings: what is shipped loads, what is wrong ends with its place."""

from common.cli import UserError

import pytest
import tiny
from fleetx.settings.load import load


@pytest.fixture
def write(tmp_path):
    def writer(text, name="run.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return writer


@pytest.mark.parametrize("path", sorted(tiny.CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_files(path):
    warnings = []
    settings = load(path, warn=warnings.append)
    assert warnings == []
    assert settings.Global.global_batch_size >= 1


def test_the_named_sizes():
    mp8 = load(tiny.CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml")
    assert mp8.Distributed.world == 8 and mp8.Compress.Quantization.enable and not mp8.Compress.Quantization.uses_pact
    big = load(tiny.CONFIGS / "gpt" / "qat_gpt_6.7B_sharding16.yaml")
    assert big.Distributed.world == 16 and big.Global.global_batch_size == 128
    teacher = load(tiny.CONFIGS / "gpt" / "distill_gpt_345M_single_card.yaml")
    assert teacher.Compress.Distillation.Teacher.Model.num_layers == 24 and teacher.Model.num_layers == 12
    assert teacher.Compress.Distillation.Teacher.Model.vocab_size == teacher.Model.vocab_size


def test_batches_follow_from_each_other(write):
    path = write("Distributed: {dp_degree: 2, sharding: {sharding_degree: 2}}\n")
    assert load(path).Global.global_batch_size == 4
    batches = load(path, ["Global.global_batch_size=32", "Global.micro_batch_size=4"]).Global
    assert (batches.local_batch_size, batches.accumulate_steps) == (8, 2)


BAD = [
    ("Engine:\n  max_step: 3\n", "run.yaml:2: unknown key `Engine.max_step` (did you mean `max_steps`?)"),
    ("Compress:\n  Prune:\n    xyzzy: 1\n", "run.yaml:3: unknown key `Compress.Prune.xyzzy`; Prune has enable"),
    ("Engin: {}\n", "unknown key `Engin` (did you mean `Engine`?)"),
    ("Engine:\n  max_steps: many\n", "run.yaml:2: Engine.max_steps: expected a whole number, got `many`"),
    ("Engine:\n  visualdl: 1\n", "expected True or False, got `1`"),
    ("Engine: 3\n", "run.yaml:1: Engine: expected keys below it, got `3`"),
    ("Compress:\n  pretrained: // the weights\n", "run.yaml:2: `//` begins no comment in YAML; write `#`"),
    ("Engine: {max_steps: 1}\nEngine: {max_steps: 2}\n", "run.yaml:2: `Engine` stands already in"),
    ("Engine:\n\tmax_steps: 1\n", "run.yaml:2: not YAML"),
    ("- 1\n", "run.yaml:1: expected `Key: value` lines"),
    ("_base_: nowhere.yaml\n", "run.yaml:1: _base_ nowhere.yaml: there is no"),
    ("_base_: run.yaml\n", "includes itself"),
    ("Compress:\n  Prune:\n    criterion: l1_nrom\n", "`l1_nrom` (did you mean `l1_norm`?) is not one of l1_norm"),
    ("Compress: {Prune: {ratio: 1.5}}\n", "run.yaml:1: Compress.Prune.ratio: must be above 0 and below 1, got 1.5"),
    ("Compress: {Prune: {enable: True, ratio: 0.99}}\n", "leaves none of 16 heads"),
    ("Compress: {Prune: {times: 3, begin_step: 4, end_step: 5}}\n", "5 leaves no 3 steps from 4 on"),
    ("Compress: {Distillation: {enable: True}}\n", "no teacher; name its checkpoint"),
    ("Compress: {Distillation: {T: 0}}\n", "Compress.Distillation.T: must be above 0, got 0"),
    ("Distributed: {mp_degree: 3}\n", "run.yaml:1: Distributed.mp_degree: 3 does not divide Model.num_attention_heads"),
    ("Distributed: {pp_degree: 5}\n", "5 does not divide Model.num_layers, which is 24"),
    ("Global: {global_batch_size: 3}\nDistributed: {dp_degree: 2}\n", "3 rows do not go round 2 processes"),
    ("Global: {global_batch_size: 8, local_batch_size: 2}\n", "is 8, but local_batch_size 2 x dp_degree 1"),
    ("Global: {local_batch_size: 8, micro_batch_size: 3}\n", "3 does not divide 8 rows"),
    ("Model: {num_attention_heads: 15}\n", "15 heads cannot share 1024 features"),
    ("Model: {no_recompute_layers: [24]}\n", "there is no layer 24; they are 0 to 23"),
    ("Model: {module: GeneralClsModule, patch_size: 7}\n", "patches of 7 do not tile 384 pixels"),
    ("Model: {name: ViT}\n", "`ViT`, but GPTModule is a GPT"),
    ("Data: {Train: {dataset: {max_seq_len: 2048}}}\n", "2048 tokens, but Model.max_position_embeddings is 1024"),
    ("Data: {Train: {dataset: {split: [1, 2]}}}\n", "expected three shares"),
    ("Optimizer: {lr: {min_lr: 1.0}}\n", "Optimizer.lr.min_lr: must be 0 to max_lr (5e-05), got 1"),
    ("Tokenizer: {vocab_file: a}\n", "vocab_file and merges_file need each other"),
    ("Offline_Eval: {overlapping_eval: 2000}\n", "2000 leaves gaps between windows of 1024"),
    ("Inference: {onnx: True}\nCompress: {Quantization: {enable: True}}\n", "needs Compress.Quantization.onnx_format"),
    (
        "Distributed: {mp_degree: 2}\nCompress: {Quantization: {enable: True, activation_preprocess_type: PACT}}\n",
        "PACT does not work with mp_degree 2",
    ),
    (
        "Distributed: {mp_degree: 2}\nCompress: {Prune: {enable: True, ranking: global}}\n",
        "Compress.Prune.ranking: global leaves layers that mp_degree does not divide",
    ),
    (
        "Compress: {Quantization: {enable: True, skip_tensor_map: {block_30: [linear1]}}}\n",
        "`block_30` is no layer; they are block_0 to block_23",
    ),
    ("Compress: {Quantization: {enable: True, skip_tensor_map: {block_3: [linear3]}}}\n", "`linear3` in block_3"),
    (
        "Compress: {Prune: {enable: True, begin_step: 9}, Quantization: {enable: True, start_step: 4}}\n",
        "4 comes before pruning ends (Compress.Prune.end_step 9)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_files(write, text, message):
    with pytest.raises(UserError) as fault:
        load(write(text))
    assert message in str(fault.value)
