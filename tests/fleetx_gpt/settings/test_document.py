# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The forms of the document and of published configurations."""

import re

import pytest
from fleetx.settings.compress import DistillationSettings, PruneSettings, QuantizationSettings
from fleetx.settings.load import load


@pytest.fixture
def write(tmp_path):
    def writer(text, name="run.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return writer


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
