# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune the aspect classifier; the best checkpoint by F1 on the development set is what stays."""

from common import cli

from aspect.options import Options


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from aspect import train
    from aspect.trainer import Corpus, ModelChoice
    from data import read_labels

    labels = read_labels(options.label_path)
    train.train(
        ModelChoice(options.base_model_name, options.shape() if options.from_scratch else None),
        Corpus(options.train_path, options.dev_path, labels, options.max_seq_len, options.skip_bad_lines),
        options,
        options.warm_start_epochs,
        options.same_on_resume(),
        cli.values_by_flag(options),
    )


if __name__ == "__main__":
    cli.run(main, Options)
