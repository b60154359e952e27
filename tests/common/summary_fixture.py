# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A made-up summary with round figures, to compute expected cells by hand. None of it was measured."""

MIB = 1 << 20


def engine(name, precision, model, text, memory, **parity):
    """`model` and `text` are (p50, p95) in ms, or None."""
    entry = {"engine": name, "precision": precision, "parity": parity}
    if model:
        entry["latency_ms"] = dict(zip(("p50", "p95"), model, strict=True))
    if text:
        entry["end_to_end_ms"] = dict(zip(("p50", "p95"), text, strict=True))
    if memory:
        entry["peak_rss_mb"] = memory
    return entry


def good(difference, agreement):
    return {"passed": True, "max_abs_diff": difference, "agreement": agreement}


def bad(difference, agreement):
    return good(difference, agreement) | {"passed": False}


def metrics(joint, unseen, intent, slot):
    names = ("accuracy", "accuracy_unseen", "intent_accuracy", "slot_f1", "accuracy_argmax", "accuracy_crf")
    return dict(zip(names, (joint, unseen, intent, slot, joint - 0.02, joint + 0.03), strict=True))


def made_up_summary() -> dict:
    return {
        "app": "ernie_tiny_slu",
        "machine": {
            "cpu": "Imaginary CPU 9000",
            "cores": 2,
            "features": ["avx2", "avx512_vnni"],
            "memory_mb": 4096,
            "system": "Linux 6.1 x86_64",
            "python": "3.10.13",
            "libraries": {"onnxruntime": "1.23.2", "paddlepaddle": "2.6.2"},
        },
        "date": "2000-01-01",
        "commit": "0123456789ab",
        "command": "sh ernie_tiny_slu/benchmark.sh",
        "split": "test",
        "seeds": [1, 2],
        "stages": [
            {
                "stage": "original",
                "size_bytes": 80 * MIB,
                "metrics": metrics(0.80, 0.75, 0.87, 0.73),
                "engines": [
                    engine("onnxruntime", "fp32", (1.6, 2.0), (1.75, 2.25), 400, **good(1e-5, 1.0)),
                    engine("paddle", "fp32", (3.5, 4.0), (4.0, 5.0), 500, **good(2e-6, 1.0)),
                    engine("openvino", "fp32", (1.5, 1.75), (1.8, 2.5), 300, **good(1e-5, 1.0)),
                    engine("paddlelite", "fp32", (5.0, 6.0), (5.2, 6.5), 180, **good(1e-5, 1.0)),
                ],
            },
            {
                "stage": "vocabulary",
                "size_bytes": 30 * MIB,
                "metrics": metrics(0.799, 0.749, 0.87, 0.73),
                "engines": [
                    engine("onnxruntime", "fp32", (1.5, 1.9), (1.7, 2.2), 125, **good(1e-5, 1.0)),
                    engine("paddle", "fp32", (3.4, 3.9), (3.9, 4.8), 450, **good(2e-6, 1.0)),
                ],
            },
            {
                "stage": "width",
                "size_bytes": 25 * MIB,
                "metrics": metrics(0.798, 0.745, 0.868, 0.728),
                "engines": [
                    engine("onnxruntime", "fp32", (1.2, 1.5), (1.3, 1.6), 115, **good(1e-5, 1.0)),
                    engine("paddle", "fp32", (2.8, 3.3), (3.0, 3.7), 440, **good(2e-6, 1.0)),
                ],
            },
            {
                "stage": "int8",
                "size_bytes": 12 * MIB,
                "metrics": metrics(0.7975, 0.744, 0.868, 0.727),
                "engines": [
                    engine("onnxruntime", "int8", (0.4, 0.5), (0.5, 0.625), 90, **good(0.3, 0.995)),
                    engine("paddle", "int8", (0.1, 0.2), (0.2, 0.3), 80, **bad(9.5, 0.24)),
                    engine("openvino", "int8", (0.5, 0.6), (0.6, 0.8), 200, **good(0.3, 0.993)),
                    engine("paddlelite", "int8", None, None, None, refused="INT8 crashes on x86; take onnxruntime"),
                ],
            },
            {
                "stage": "embedding",
                "size_bytes": 5 * MIB + MIB // 4,
                "metrics": metrics(0.7969, 0.743, 0.868, 0.727),
                "engines": [
                    engine("onnxruntime", "int8", (0.4, 0.5), (0.5, 0.65), 75, **good(0.3, 0.994)),
                    engine("openvino", "int8", (0.48, 0.6), (0.58, 0.75), 130, **good(0.3, 0.992)),
                ],
            },
        ],
        "alternatives": [
            {
                "name": "original, ONNX Runtime FP32",
                "size_bytes": 80 * MIB,
                "metrics": {"accuracy": 0.80},
                "end_to_end_ms": {"p50": 1.75, "p95": 2.25},
                "peak_rss_mb": 400,
            },
            {
                "name": "original, ONNX Runtime dynamic INT8",
                "size_bytes": 20 * MIB,
                "metrics": {"accuracy": 0.795},
                "end_to_end_ms": {"p50": 0.65, "p95": 0.9},
                "peak_rss_mb": 110,
            },
            {
                "name": "original, NNCF + OpenVINO",
                "size_bytes": 20 * MIB,
                "metrics": {"accuracy": 0.797},
                "end_to_end_ms": {"p50": 0.75, "p95": 0.95},
                "peak_rss_mb": None,
            },
        ],
    }
