# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All sections together."""

from fleetx.settings.settings import Settings


def test_places_are_in_messages_and_not_in_the_record():
    settings = Settings(places={"Engine.max_steps": "run.yaml:7"})
    assert str(settings.wrong("Engine.max_steps", "is wrong")) == "run.yaml:7: Engine.max_steps: is wrong"
    assert str(settings.wrong("Global.seed", "is wrong")) == "Global.seed: is wrong"
    assert settings.given("Engine.max_steps") and not settings.given("Global.seed")
    assert "places" not in settings.record() and settings.record()["Global"]["seed"] == 1024
