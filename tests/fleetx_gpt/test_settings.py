# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import re
from pathlib import Path

from common.cli import UserError

import pytest
from fleetx.settings.build import described
from fleetx.settings.compress import DistillationSettings, PruneSettings, QuantizationSettings
from fleetx.settings.load import Settings, load
from tools import keys

CONFIGS = Path(__file__).resolve().parents[2] / "fleetx_gpt" / "configs"
# As the facts of the document have them.
DEFAULTS = {
    "Global.seed": 1024, "Global.micro_batch_size": 1, "Global.local_batch_size": None, "Engine.run_mode": "step",
    "Engine.max_steps": 500000, "Engine.num_train_epochs": 1, "Engine.logging_freq": 1, "Engine.eval_freq": 500,
    "Engine.eval_iters": 10, "Engine.mix_precision.dtype": "float16", "Engine.mix_precision.level": "O2",
    "Engine.mix_precision.scale_loss": 32768, "Engine.save_load.save_steps": 1000, "Engine.save_load.save_epoch": 1,
    "Engine.save_load.output_dir": "./output", "Model.vocab_size": 50304, "Model.vocab_size_divisible_unit": 128,
    "Model.hidden_size": 1024, "Model.num_layers": 24, "Model.num_attention_heads": 16, "Model.ffn_hidden_size": None,
    "Model.hidden_dropout_prob": 0.1, "Model.attention_probs_dropout_prob": 0.1, "Model.max_position_embeddings": 1024,
    "Model.type_vocab_size": 16, "Model.initializer_range": 0.02, "Model.fuse_attn_qkv": True,
    "Model.scale_qk_by_layer_num": True, "Distributed.mp_degree": 1, "Distributed.pp_degree": 1,
    "Distributed.sharding.sharding_degree": 1, "Distributed.sharding.sharding_stage": 1,
    "Optimizer.weight_decay": 0.01, "Optimizer.beta1": 0.9, "Optimizer.beta2": 0.999, "Optimizer.epsilon": 1e-8,
    "Optimizer.lr.decay_steps": 360000, "Optimizer.lr.warmup_rate": 0.01, "Optimizer.lr.max_lr": 5e-5,
    "Optimizer.lr.min_lr": 1e-5, "Optimizer.lr.use_increments": True, "Optimizer.grad_clip.clip_norm": 1.0,
    "Offline_Eval.overlapping_eval": 32, "Offline_Eval.batch_size": 8, "Offline_Eval.max_seq_len": 1024,
    "Generation.top_k": 50, "Generation.top_p": 0.75, "Generation.temperature": 1, "Generation.max_dec_len": 200,
    "Generation.decode_strategy": "sampling", "Compress.pretrained": None, "Compress.Quantization.weight_bits": 8,
    "Compress.Quantization.weight_quantize_type": "channel_wise_abs_max", "Compress.Quantization.onnx_format": False,
    "Compress.Quantization.activation_quantize_type": "moving_average_abs_max",
    "Compress.Quantization.activation_preprocess_type": None, "Compress.Quantization.moving_rate": 0.9,
    "Compress.Quantization.window_size": 10000, "Compress.Quantization.freeze_embedding": False,
    "Compress.Quantization.quantizable_layer_type": ("Linear", "ColumnParallelLinear", "RowParallelLinear"),
    "Compress.Prune.ratio": 0.125, "Compress.Distillation.distill_loss_ratio": 1.0, "Compress.Distillation.T": 1.0,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def writer(text, name="run.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return writer


def test_every_key_has_a_help_line_and_the_documented_default():
    keys = {key: (default, text) for key, default, text in described(Settings)}
    assert [key for key, (_, text) in keys.items() if not text.endswith(".")] == []
    assert {key: keys[key][0] for key in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_files(path):
    warnings = []
    settings = load(path, warn=warnings.append)
    assert warnings == []
    assert settings.Global.global_batch_size >= 1


def test_the_named_sizes():
    mp8 = load(CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml")
    assert mp8.Distributed.world == 8 and mp8.Compress.Quantization.enable and not mp8.Compress.Quantization.uses_pact
    big = load(CONFIGS / "gpt" / "qat_gpt_6.7B_sharding16.yaml")
    assert big.Distributed.world == 16 and big.Global.global_batch_size == 128
    teacher = load(CONFIGS / "gpt" / "distill_gpt_345M_single_card.yaml")
    assert teacher.Compress.Distillation.Teacher.Model.num_layers == 24 and teacher.Model.num_layers == 12
    assert teacher.Compress.Distillation.Teacher.Model.vocab_size == teacher.Model.vocab_size


def test_bases_merge_and_may_be_replaced(write):
    write("Optimizer: {weight_decay: 0.5, beta1: 0.8}\nGlobal: {seed: 3}\n", "base.yaml")
    merged = load(write("_base_: base.yaml\nOptimizer: {weight_decay: 0.25}\n"))
    assert (merged.Optimizer.weight_decay, merged.Optimizer.beta1, merged.Global.seed) == (0.25, 0.8, 3)
    fresh = load(write("_base_: base.yaml\nOptimizer: {_inherited_: False, weight_decay: 0.25}\n"))
    assert (fresh.Optimizer.weight_decay, fresh.Optimizer.beta1) == (0.25, 0.9)


def test_overrides(write):
    path = write("Engine: {max_steps: 5}\n")
    words = [
        "Engine.max_steps=7", "Engine.save_load.output_dir=runs/a=b", "Optimizer.lr.max_lr=5e-4",
        "Compress.pretrained=None", "Compress.Prune={enable: True, ratio: 0.5}", "Model.ffn_hidden_size=",
    ]  # fmt: skip
    settings = load(path, words)
    assert settings.Engine.max_steps == 7 and settings.Engine.save_load.output_dir == "runs/a=b"
    assert settings.Optimizer.lr.max_lr == 5e-4 and settings.Compress.pretrained is None
    assert settings.Compress.Prune.enable and settings.Compress.Prune.ratio == 0.5


def test_batches_follow_from_each_other(write):
    path = write("Distributed: {dp_degree: 2, sharding: {sharding_degree: 2}}\n")
    assert load(path).Global.global_batch_size == 4
    batches = load(path, ["Global.global_batch_size=32", "Global.micro_batch_size=4"]).Global
    assert (batches.local_batch_size, batches.accumulate_steps) == (8, 2)


DOCUMENT = """
Compress:
  pretrained:
  Distillation:
  enable: True
  distill_loss_ratio: 0.1
  distillation_loss_type: 'kl_div'
  T: 1.5
  Teacher:
    save_load:
      ckpt_dir: teacher
    Model:
      hidden_size: 2048
      vocab_size: 50304
      num_layers: 24
      num_attention_heads: 16
      ffn_hidden_size: 8196
      hidden_dropout_prob: 0.1
      attention_probs_dropout_prob: 0.1
      max_position_embeddings: 1024
      type_vocab_size: 16
      initializer_range: 0.02
      use_recompute: False
      recompute_granularity:
      no_recompute_layers:
"""


def test_the_document_distillation_is_taken_with_warnings(write):
    warnings = []
    settings = load(write(DOCUMENT), warn=warnings.append)
    distillation = settings.Compress.Distillation
    assert distillation.enable and distillation.T == 1.5 and distillation.distill_loss_ratio == 0.1
    assert distillation.Teacher.Model.hidden_size == 2048 and distillation.Teacher.Model.ffn_size == 8196
    assert len(warnings) == 2
    assert re.search(r"run.yaml:5: enable, .*Teacher taken as keys of `Distillation:`; indent", warnings[0])
    assert "ffn_hidden_size is 8196; is 4 x hidden_size = 8192 meant?" in warnings[1]


def test_the_document_quantization_and_pruning(write):
    quantization = load(
        write("""
Compress:
  pretrained:
  Quantization:
    enable: True
    weight_quantize_type: 'abs_max'
    activation_quantize_type: 'moving_average_abs_max'
    weight_preprocess_type: None
    activation_preprocess_type: 'PACT'
    weight_bits: 8
    activation_bits: 8
    quantizable_layer_type: ['Linear', 'ColumnParallelLinear', 'RowParallelLinear']
    onnx_format: True
""")
    ).Compress.Quantization
    assert quantization == QuantizationSettings(
        enable=True, weight_quantize_type="abs_max", activation_preprocess_type="PACT", onnx_format=True
    )
    prune = load(write("Compress:\n  Prune:\n    enable: True\n    criterion: l1_norm\n    ratio: 0.125\n"))
    assert prune.Compress.Prune == PruneSettings(enable=True, criterion="l1_norm", ratio=0.125)
    assert not prune.Compress.Distillation.enable and DistillationSettings().T == 1.0


def test_keys_without_effect_are_named(write):
    warnings = []
    load(write("Data:\n  Train:\n    loader:\n      num_workers: 1\n"), warn=warnings.append)
    assert len(warnings) == 1 and "run.yaml:3: Data.Train.loader has no effect here" in warnings[0]


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


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Engine.max_steps", "-o Engine.max_steps: not of the form Key.sub=value"),
        ("Engine.max_stepz=3", "-o Engine.max_stepz: unknown key `Engine.max_stepz` (did you mean `max_steps`?)"),
        ("Engine.max_steps.x=3", "-o Engine.max_steps.x: Engine.max_steps is the value `5`, it has no keys"),
        ("Engine.max_steps=[", "-o Engine.max_steps: `[` is not a YAML value"),
        ("Engine.max_steps=0", "-o Engine.max_steps: Engine.max_steps: must be at least 1, got 0"),
    ],
)
def test_bad_overrides(write, word, message):
    with pytest.raises(UserError) as fault:
        load(write("Engine: {max_steps: 5}\n"), [word])
    assert message in str(fault.value)


def test_the_pruning_schedule():
    assert PruneSettings(begin_step=4).schedule() == {4: 0.125}
    assert PruneSettings(ratio=0.3, begin_step=2, end_step=10, times=3).schedule() == pytest.approx(
        {2: 0.1, 6: 0.2, 10: 0.3}
    )


def test_keys_are_listed(capsys):
    keys.main(keys.Options(below="Compress.Prune"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Compress.Prune.enable: False", "    Prune, then go on training."]
    assert "Compress.Prune.ratio: 0.125" in lines
