# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the programs in tools/ are made of, in rooms that import one way.

In this order, each room may import itself and those before it:

    settings   YAML files and `-o` words as typed, checked values; no paddle
    inputs     text, tokenizer, images, the order of the rows
    models     GPT and ViT, fake quantization, generation
    state      weights, checkpoint folders, resuming, conversion of published weights
    compress   importance and pruning, losses of distillation
    parallel   several processes, and estimates of what they need
    train      optimiser, training loop, tasks, the plan of compression
    serve      export, engines, offline scores

tools/ and bench/ import these rooms; no room imports tools/ or bench/.
"""
