# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Static INT8 of an exported model: PaddleSlim finds the ranges, and the target decides what is right to write."""

from common import cli, files

from aspect.quantize_options import Options


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.export import write_bundle

    from aspect import export, quantize, trainer

    static = options.static_model_dir
    fp32 = static / options.input_model_filename, static / options.input_param_filename
    files.require(fp32[0], "static model (export one by export_model.py)")
    trained = export.open_checkpoint(options.checkpoints)
    quantize.check_source(trained, static, options.label_path, options.base_model_name)
    trainer.check_fit(trained.network, trained.vocabulary, options.max_seq_len, trained.labels)
    reading = (trained.vocabulary, trained.labels, options.max_seq_len, options.skip_bad_lines)
    feeds = quantize.calibration_feeds(
        trainer.dataset(options.calibration_path, *reading),
        options.batch_size,
        options.batch_nums,
        options.seed,
        options.calibration_path,
    )
    every = trainer.dataset(options.gate_path, *reading)
    rows = every[: options.gate_rows]
    text = quantize.GateText(rows, "dev" if len(rows) == len(every) else f"dev, first {len(rows)} rows")
    quantize.write_int8(trained, fp32, feeds, text, options.choices(), options.quant_model_dir)
    write_bundle.link_program(options.quant_model_dir, options.save_model_filename, options.save_params_filename)


if __name__ == "__main__":
    cli.run(main, Options)
