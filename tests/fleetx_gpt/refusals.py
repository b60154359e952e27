# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a tool says when it refuses its input."""

import tiny
from calls import call

SMALL = tiny.CONFIGS / "small"


def refusal(tool, folder, *words, config="gpt_tiny", code=2):
    """What a tool says on stderr; its exit code and that it is one line are looked at here."""
    path = config if "/" in str(config) else SMALL / f"{config}.yaml"
    given = [word for each in ("Data.Eval.dataset.input_dir=None", *words) for word in ("-o", each)]
    ended = call(f"tools.{tool}", "-c", path, "-o", f"Engine.save_load.output_dir={folder}", *given)
    assert ended.code == code, f"{ended.code}\n{ended.out}\n{ended.err}"
    lines = [line for line in ended.err.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1 and lines[0].startswith("error: "), ended.err
    return lines[0].removeprefix("error: ")
