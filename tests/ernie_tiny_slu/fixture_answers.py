# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the fixture bundle answers."""

SONG = {
    "text": "放一首刘德华的音乐",
    "intent": "music.play",
    "slots": [{"slot": "singer", "entity": "刘德华", "pos": [3, 5]}],
}
ROUTE = {"text": "导航", "intent": "navigation.open", "slots": []}
EMPTY = {"text": "", "intent": None, "confidence": 0.0, "slots": [], "reason": "empty"}


def without_confidence(answer: dict) -> dict:
    assert answer["reason"] == "empty" if answer["confidence"] == 0 else 0 < answer["confidence"] <= 1
    return {key: value for key, value in answer.items() if key != "confidence"}
