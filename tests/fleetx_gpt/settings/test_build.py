# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every key has a default and a line of help."""

from fleetx.settings.build import described
from fleetx.settings.settings import Settings

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


def test_every_key_has_a_help_line_and_the_documented_default():
    keys = {key: (default, text) for key, default, text in described(Settings)}
    assert [key for key, (_, text) in keys.items() if not text.endswith(".")] == []
    assert {key: keys[key][0] for key in DEFAULTS} == DEFAULTS
