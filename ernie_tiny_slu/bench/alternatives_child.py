# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a user would serve instead, in a process of its own: other tokenizers and engines, the same kind of answer."""

from collections.abc import Callable
from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import Any

from common import child, files
from common.data.tags import TagDecoder, spans
from common.measure.serving import measure_serving

import numpy as np

from bench.child import scores

Encoder = Callable[[str], tuple[list[int], list[tuple[int, int]]]]  # a text to ids and [begin, end) of each
Runner = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # ids [1, length] to intent and slot logits


def serve(
    kind: str,
    model: str,
    bundle: str,
    max_length: int,
    dtype: str,
    texts: list[str],
    repeats: int,
    threads: int,
    test_path: str | None = None,
    train_path: str | None = None,
) -> dict[str, Any]:
    """Speed and memory as `bench.child.serve`; with `test_path` also "scores", as `bench.child.scores`.

    Args:
        kind: one of KINDS.
        model: file to open; paddle kinds open the bundle.
        bundle: folder of the original; the others read only its vocab.txt and labels.json.
        max_length, dtype: the bundle's.
    """
    tokenizer, engine = KINDS[kind]
    labels = files.read_json(Path(bundle) / "labels.json")
    decoder = TagDecoder(labels["slot"], "bio")
    encode = tokenizer(Path(bundle) / "vocab.txt", max_length)
    run = engine(bundle if engine is paddle else model, threads)

    def understand(text: str) -> dict[str, Any]:
        ids, offsets = encode(text)
        intent, slots = run(np.array([ids], dtype))
        last = len(offsets) - 1  # [SEP]; it and [CLS] have no tag, and what follows is padding
        scores = intent[0].tolist()
        top = max(scores)
        found = spans(decoder.decode(slots[0][1:last]), labels["slot"], offsets[1:last])
        return {
            "text": text,
            "intent": labels["intent"][scores.index(top)],
            "confidence": 1.0 / sum([exp(score - top) for score in scores]),
            "slots": [
                {"slot": span.kind, "entity": text[span.start : span.end], "pos": [span.start, span.end - 1]}
                for span in found
            ],
        }

    inputs = [np.array([encode(text)[0]], dtype) for text in texts]
    report = asdict(measure_serving(understand, run, texts, inputs, repeats))
    if test_path:
        report["scores"] = scores(understand, labels, test_path, train_path)
    return report


def paddlenlp(vocabulary: Path, max_length: int, padding: str | bool = False) -> Encoder:
    """The document's tokenizer. It gives no places at an affordable price, so they are counted off from the tokens."""
    import common  # noqa: F401  before paddle

    from paddlenlp.transformers import ErnieTokenizer

    tokenizer = ErnieTokenizer(str(vocabulary))
    special = {tokenizer.cls_token_id, tokenizer.sep_token_id}
    unknown, pad, tokens = tokenizer.unk_token, tokenizer.pad_token_id, tokenizer.convert_ids_to_tokens

    def encode(text: str) -> tuple[list[int], list[tuple[int, int]]]:
        ids = tokenizer(text, max_length=max_length, padding=padding, truncation=True)["input_ids"]
        real = [number for number in ids if number != pad]
        offsets, place = [], 0
        for number, token in zip(real, tokens(real), strict=True):
            if number in special:
                offsets.append((0, 0))
                continue
            while place < len(text) and text[place].isspace():
                place += 1
            end = min(len(text), place + (1 if token == unknown else len(token.removeprefix("##"))))
            offsets.append((place, end))
            place = end
        return ids, offsets

    return encode


def paddlenlp_padded(vocabulary: Path, max_length: int) -> Encoder:
    return paddlenlp(vocabulary, max_length, "max_length")


def ours_padded(vocabulary: Path, max_length: int) -> Encoder:
    """The same padded ids without PaddleNLP in memory."""
    from common.data.tokenizer import WordPieceTokenizer

    tokenizer = WordPieceTokenizer(vocabulary)

    def encode(text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoding = tokenizer.encode(text, max_length)
        return encoding.ids + [tokenizer.pad_id] * (max_length - len(encoding.ids)), encoding.offsets

    return encode


def hugging_face(vocabulary: Path, max_length: int) -> Encoder:
    """Hugging Face `tokenizers` with BERT's rules."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True, handle_chinese_chars=True)
    tokenizer.enable_truncation(max_length)

    def encode(text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoding = tokenizer.encode(text)
        return encoding.ids, encoding.offsets

    return encode


def paddle(bundle: str, threads: int) -> Runner:
    """Paddle Inference with its defaults for the CPU, as `common/engines/paddle_config.py` sets them for FP32."""
    from common.engines import runtime

    predictor = runtime.load(bundle, "paddle", threads=threads)

    def run(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = predictor.run(ids)
        return outputs["intent_logits"], outputs["slot_logits"]

    return run


def onnxruntime(model: str, threads: int) -> Runner:
    import onnxruntime as library

    options = library.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    # paddle2onnx makes up names; the intent has two axes, the slots have three
    names = [each.name for each in sorted(session.get_outputs(), key=lambda output: len(output.shape))]
    return lambda ids: session.run(names, {name: ids})


def openvino(model: str, threads: int) -> Runner:
    """OpenVINO with its default precision, which is bf16 for what is not INT8 on CPUs that have it."""
    import openvino as library

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    compiled = library.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    intent, slots = sorted(range(2), key=lambda place: len(compiled.outputs[place].get_partial_shape()))

    def run(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        request.set_input_tensor(library.Tensor(ids, shared_memory=True))
        request.infer()
        return request.get_output_tensor(intent).data, request.get_output_tensor(slots).data

    return run


KINDS: dict[str, tuple[Callable[[Path, int], Encoder], Callable[[str, int], Runner]]] = {
    "paddle_padded": (paddlenlp_padded, paddle),
    "paddle_padded_lean": (ours_padded, paddle),
    "paddle": (paddlenlp, paddle),
    "onnxruntime": (hugging_face, onnxruntime),
    "openvino": (hugging_face, openvino),
}

if __name__ == "__main__":
    child.child_main(serve)
