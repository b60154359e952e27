# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a student's logits are compared with its teacher's by, and the teacher itself."""

from common import files

import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.settings.settings import Settings
from fleetx.state import checkpoints

TEACHER = "Compress.Distillation.Teacher"


def mse(student, teacher, temperature: float):
    """Mean squared difference of all logits; the temperature plays no part."""
    return F.mse_loss(student.astype("float32"), teacher.astype("float32"))


def kl_div(student, teacher, temperature: float):
    """KL(softmax(t / T) || softmax(s / T)) * T², mean over positions (Hinton et al. 2015).

    Args:
        student, teacher: logits, float [..., classes].
    """
    told = F.log_softmax(student.astype("float32") / temperature, axis=-1)
    right = F.log_softmax(teacher.astype("float32") / temperature, axis=-1)
    return (right.exp() * (right - told)).sum(-1).mean() * temperature**2


def token_wise_contrastive(student, teacher, temperature: float):
    """InfoNCE (van den Oord et al. 2018) over the positions of a row.

    A student's logits at a position are to be nearer, by cosine / T, to the teacher's at the same position than to the
    teacher's at all others of the row.

    Args:
        student, teacher: float [rows, positions, classes]; [rows, classes] counts as one row.
    """
    if len(student.shape) == 2:
        student, teacher = student.unsqueeze(0), teacher.unsqueeze(0)
    student = F.normalize(student.astype("float32"), axis=-1)
    teacher = F.normalize(teacher.astype("float32"), axis=-1)
    near = paddle.matmul(student, teacher, transpose_y=True) / temperature
    return -paddle.diagonal(F.log_softmax(near, axis=-1), axis1=1, axis2=2).mean()


LOSSES = {"mse": mse, "kl_div": kl_div, "token_wise_contrastive": token_wise_contrastive}


def teacher_of(settings: Settings, student: nn.Layer, vocabulary_of: checkpoints.Checkpoint | None) -> nn.Layer:
    """The teacher with its weights, in evaluation mode and without gradients.

    Args:
        vocabulary_of: the checkpoint whose tokenizer the student has; None for a new one.

    Raises:
        UserError: no such checkpoint, other sizes than configured, or another vocabulary than the student's.
    """
    key = f"{TEACHER}.save_load.ckpt_dir"
    named = settings.Compress.Distillation.Teacher.save_load.ckpt_dir
    place = named or settings.Compress.pretrained
    found = checkpoints.open_folder(place, key if named else "Compress.pretrained")
    stated = settings.Compress.Distillation.Teacher.Model
    for name in ("hidden_size", "vocab_size", "num_layers", "num_attention_heads", "max_position_embeddings"):
        if stated is not None and getattr(stated, name) != getattr(found.model, name):
            raise settings.wrong(
                f"{TEACHER}.Model.{name}",
                f"is {getattr(stated, name)}, but {found.folder} has {getattr(found.model, name)}",
            )
    for name in ("vocab_size", "num_classes") if not found.model.is_vision else ("num_classes", "image_size"):
        here, there = getattr(student.settings, name), getattr(found.model, name)
        if here != there:
            raise settings.wrong(key, f"{found.folder} has Model.{name} {there}, the student {here}")
    if vocabulary_of is not None and not found.model.is_vision and _listed(found) != _listed(vocabulary_of):
        raise settings.wrong(key, f"{found.folder} has another tokenizer than {vocabulary_of.folder}")
    teacher = found.network()
    for weight in teacher.parameters():
        weight.stop_gradient = True
    return teacher


def _listed(found: checkpoints.Checkpoint) -> list[str]:
    listed = files.read_json(found.folder / checkpoints.MANIFEST)["files"]
    return [listed.get(name) for name in ("vocab.json", "merges.txt")]


def logits_of(teacher: nn.Layer, inputs):
    """The teacher's answer, without gradients."""
    with paddle.no_grad():
        return teacher(inputs)
