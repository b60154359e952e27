# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The static model's predictor, and answers in the document's form."""

import tiny_app
from calls import Ended
from slu import static_model


def evaluate(folder, test_path, *more) -> Ended:
    return tiny_app.evaluate(["--infer_prefix", folder / "infer_model", "--test_path", test_path, *more])


def test_the_form_is_the_documents_character_for_character(capsys):
    slots = [{"slot": "singer", "entity": "刘德华", "pos": [3, 5]}]
    answer = {"text": "放一首刘德华的音乐", "intent": "music.play", "confidence": 0.9984201, "slots": slots}
    static_model.print_answer(answer)
    assert capsys.readouterr().out == (
        "input: 放一首刘德华的音乐\n"
        "{'intent': 'music.play', 'confidence': array([0.9984201], dtype=float32)}\n"
        "{'value': [[{'slot': 'singer', 'entity': '刘德华', 'pos': [3, 5]}]]}\n"
    )


def test_the_decoder_can_be_chosen(trained, tiny, tmp_path):
    model = static_model.StaticModel(trained / "infer_model")
    predictor = static_model.open_predictor(model, decoder="argmax")
    assert predictor.decoder.decoder == "argmax"
    ended = evaluate(trained, tiny.dev, "--do_eval", "--decoder", "crf", "--output_dir", tmp_path)
    assert ended.code == 2 and "this bundle has no transitions" in ended.err
