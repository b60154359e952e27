# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All sections of a configuration together, and the place where each key was written."""

from dataclasses import asdict, dataclass, field
from typing import Any

from common.cli import UserError

from fleetx.settings.compress import CompressSettings
from fleetx.settings.model import ModelSettings
from fleetx.settings.run import DistributedSettings, EngineSettings, GlobalSettings, OptimizerSettings
from fleetx.settings.task import (
    DataSettings,
    GenerationSettings,
    InferenceSettings,
    OfflineEvalSettings,
    TokenizerSettings,
)

SPLITS = ("Train", "Eval", "Test")
"""The keys below `Data`."""


@dataclass
class Settings:
    """Everything a tool is told. `load` makes one."""

    Global: GlobalSettings = field(default_factory=GlobalSettings)
    Engine: EngineSettings = field(default_factory=EngineSettings)
    Model: ModelSettings = field(default_factory=ModelSettings)
    Distributed: DistributedSettings = field(default_factory=DistributedSettings)
    Optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    Data: DataSettings = field(default_factory=DataSettings)
    Tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    Offline_Eval: OfflineEvalSettings = field(default_factory=OfflineEvalSettings)
    Generation: GenerationSettings = field(default_factory=GenerationSettings)
    Inference: InferenceSettings = field(default_factory=InferenceSettings)
    Compress: CompressSettings = field(default_factory=CompressSettings)
    places: dict[str, str] = field(default_factory=dict, repr=False, metadata={"internal": True})
    """Dotted key → `file:line` or `-o Key`, of each key that was given."""

    def wrong(self, key: str, message: str) -> UserError:
        """An error about a key, with the place where it was written."""
        place = self.places.get(key)
        return UserError(f"{place + ': ' if place else ''}{key}: {message}")

    def given(self, key: str) -> bool:
        """Whether a file or `-o` says it; its value is the default otherwise."""
        return key in self.places

    def record(self) -> dict[str, Any]:
        """All keys and values, as JSON takes them."""
        values = asdict(self)
        del values["places"]
        return values
