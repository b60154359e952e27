# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Lite for x86 behind two pipes, for PaddlePredictor.java: a line of JSON ids in, lines of numbers out."""

import json
import sys

from common.engines.paddle_lite import LiteModel

import numpy as np


def main(model: str) -> None:
    lite = LiteModel(model)
    print("ready", flush=True)
    for line in sys.stdin:
        outputs = lite.run(np.array([json.loads(line)], np.int32))
        print(len(outputs))
        for output in outputs:
            print(*(repr(float(value)) for value in output.ravel()))
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
