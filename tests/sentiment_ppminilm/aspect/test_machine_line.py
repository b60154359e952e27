# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a time belongs to."""

from aspect.machine_line import gpus


def test_gpus_are_named_by_the_driver(tmp_path):
    assert gpus(tmp_path / "none") == ["gpu"]
    for number, model in enumerate(("Tesla T4", "NVIDIA A10")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "information").write_text(f"Model: \t\t {model}\nIRQ: 1\n")
    assert gpus(tmp_path) == ["Tesla T4", "NVIDIA A10"]
