# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A GPT-2 in Hugging Face's layout → a checkpoint for Compress.pretrained, tools/eval.py and tools/export.py."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli


@dataclass
class Options:
    """Convert a published GPT-2."""

    source: Path
    """Folder with config.json, *.safetensors, vocab.json and merges.txt."""
    output_dir: Path
    """Checkpoint folder to write."""


def main(options: Options) -> None:
    from fleetx.inputs.tokenizer import BytePairs
    from fleetx.models.build import build, parameter_count
    from fleetx.state import checkpoints, convert_gpt2, weights

    model, arrays = convert_gpt2.read_gpt2(options.source)
    tokenizer = BytePairs.of_folder(options.source)
    tokenizer.check_fits(model.vocab_size, str(options.source))
    network = build(model)
    weights.fill(network, arrays, options.source)
    checkpoints.write(options.output_dir, network, model, None, tokenizer, progress={"converted": str(options.source)})
    print(f"{parameter_count(network):,} parameters: {options.output_dir}")


if __name__ == "__main__":
    cli.run(main, Options)
