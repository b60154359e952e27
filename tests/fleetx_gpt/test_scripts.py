# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every script of projects/ is run on a tiny model on the CPU; those for many cards up to the words of the launcher."""

import pytest
import served
from tiny import APP

SCRIPTS = APP / "projects"
TINY = (
    "-o Global.device=cpu -o Engine.mix_precision.enable=False -o Engine.logging_freq=10 -o Engine.eval_freq=1000 "
    "-o Engine.save_load.overwrite=True -o Optimizer.lr.max_lr=0.01 -o Optimizer.lr.decay_steps=200 "
    "-o Model.hidden_size=32 -o Model.num_layers=2 -o Model.num_attention_heads=8 -o Model.ffn_hidden_size=64"
)
GPT = (
    f"{TINY} -o Engine.max_steps=4 -o Model.vocab_size=300 -o Model.max_position_embeddings=32 "
    "-o Data.Train.dataset.max_seq_len=32 -o Data.Eval.dataset.max_seq_len=32 -o Offline_Eval.max_seq_len=32 "
    "-o Data.Train.dataset.input_dir=story.txt -o Data.Eval.dataset.input_dir=story.txt "
    "-o Data.Train.dataset.split=[90,10,0] -o Data.Eval.dataset.split=[90,10,0]"
)
VIT = (
    f"{TINY} -o Global.local_batch_size=20 -o Global.micro_batch_size=20 -o Engine.run_mode=step "
    "-o Engine.max_steps=4 -o Model.image_size=16 -o Model.patch_size=8 -o Model.num_classes=4 "
    "-o Data.Train.dataset.input_dir=data/sample/images.npz -o Data.Eval.dataset.input_dir=data/sample/images.npz"
)
LAUNCHED = ("gpt/qat_gpt_345M_mp8", "gpt/qat_gpt_6.7B_sharding16")
DENSE = "checkpoints/gpt_345M"
RUN = set()


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    fork = served.Fork(APP, tmp_path_factory.mktemp("scripts"))
    fork.stubs = ("-m paddle.distributed.launch",)
    lines = (fork.app / "data" / "sample" / "train.txt").read_text().splitlines()
    (fork.app / "story.txt").write_text("\n".join(lines[:120]))
    (fork.app / "test.txt").write_text("\n".join(lines[120:124]))
    return fork


def script(fork, name, words):
    RUN.add(name)
    return fork.succeeds(f"sh projects/{name}.sh {words}")


def test_gpt(fork):
    score = "-o Offline_Eval.eval_path=test.txt -o Offline_Eval.cloze_eval=False"
    pretrained = "-o Engine.max_steps=40 -o Optimizer.lr.decay_steps=400"
    script(fork, "gpt/pretrain_gpt_345M_single_card", f"{GPT} {pretrained} -o Engine.save_load.output_dir={DENSE}")
    found = script(fork, "gpt/evaluate_gpt_345M_single_card", f"{GPT} {score} -o Engine.save_load.ckpt_dir={DENSE}")
    assert "perplexity" in found and "accuracy" in found
    said = script(fork, "gpt/prune_gpt_345M_single_card", GPT)
    assert "pruned at step 0 by l1_norm: heads 16 -> 14, channels 128 -> 112" in said
    assert "perplexity" in script(fork, "gpt/eval_prune_gpt_345M_single_card", f"{GPT} {score}")
    assert "exported (fp32" in script(fork, "gpt/export_prune_gpt_345M_single_card", GPT)
    going = f"{GPT} -o Generation.max_dec_len=4 --text 'On a windy day'"
    assert script(fork, "gpt/inference_gpt_single_card", going).startswith("On a windy day")
    assert "quantised at step 0: 8 layers" in script(fork, "gpt/qat_gpt_345M_single_card", GPT)
    assert "perplexity" in script(fork, "gpt/eval_qat_gpt_345M_single_card", f"{GPT} {score}")
    assert "exported (int8" in script(fork, "gpt/export_qat_gpt_345M_single_card", GPT)
    small = f"{GPT} -o Compress.Distillation.Teacher.Model.num_layers=2"
    assert "distil" in script(fork, "gpt/distill_gpt_345M_single_card", small)
    assert "perplexity" in script(fork, "gpt/eval_distill_gpt_345M_single_card", f"{GPT} {score}")
    assert "exported (fp32" in script(fork, "gpt/export_distill_gpt_345M_single_card", GPT)
    said = script(fork, "gpt/joint_gpt_345M_single_card", f"{GPT} -o Compress.Quantization.start_step=2")
    assert "pruned at step 0 by taylor" in said and "quantised at step 2" in said


def test_vit(fork):
    script(fork, "vit/run_pretrain", f"{VIT} -o Engine.save_load.output_dir=checkpoints/vit_base")
    assert "accuracy" in script(fork, "vit/run_finetune", VIT)
    assert "quantised at step 0" in script(fork, "vit/run_qat", VIT)
    assert "exported (int8" in script(fork, "vit/export_qat", VIT)


def test_many_cards_are_launched_with_the_configuration(fork):
    script(fork, LAUNCHED[0], "-o Engine.max_steps=3")
    launched = fork.asked[-1]
    assert launched[:6] == ["-m", "paddle.distributed.launch", "--log_dir", "log", "--devices", "0,1,2,3,4,5,6,7"]
    assert launched[6:] == ["tools/train.py", "-c", f"configs/{LAUNCHED[0]}.yaml", "-o", "Engine.max_steps=3"]
    ended = fork.run(f"sh projects/{LAUNCHED[1]}.sh")
    assert ended.code == 2 and "MASTER: name the first machine" in ended.err
    RUN.add(LAUNCHED[1])
    fork.succeeds(f"sh projects/{LAUNCHED[1]}.sh", MASTER="10.0.0.1:49178")
    assert fork.asked[-1][4:8] == ["--nnodes", "2", "--master", "10.0.0.1:49178"]
    assert fork.asked[-1][-1] == f"configs/{LAUNCHED[1]}.yaml"


def test_no_script_is_left_out():
    there = {str(path.relative_to(SCRIPTS).with_suffix("")) for path in SCRIPTS.rglob("*.sh")}
    assert there == RUN  # of the tests above


def test_a_gpu_is_not_passed_over_in_silence(fork):
    ended = fork.run("sh projects/gpt/pretrain_gpt_345M_single_card.sh -o Engine.mix_precision.enable=False")
    assert ended.code == 3 and ended.err.endswith("has no gpu; pass -o Global.device=cpu\n")
