"""Typed configuration: every key has its reason, unit and bounds; mistakes are refused before anything runs.

``load_config`` reads config/config.yaml; ``python -m momentax.config --write`` writes the schema and the
defaults that are generated from these models.
"""

from __future__ import annotations

from momentax.config.load import Config, load_config
from momentax.config.physics import (
    BJetResolution,
    DetectorConfig,
    DrellYanConfig,
    IntegrationConfig,
    PdfConfig,
    PhysicsConfig,
    RecoilConfig,
    Resolution,
    SelectionConfig,
    ThdmConfig,
)
from momentax.config.stages import (
    BuiltinSample,
    ClassifierNetwork,
    ClassifyConfig,
    FiguresConfig,
    FileSample,
    HypothesesConfig,
    LearningConfig,
    NetworkConfig,
    RegressConfig,
    Sample,
    ScanConfig,
    ShardsConfig,
    check_hypothesis,
    check_mass_point,
    hza_label,
)

__all__ = [
    "BJetResolution",
    "BuiltinSample",
    "ClassifierNetwork",
    "ClassifyConfig",
    "Config",
    "DetectorConfig",
    "DrellYanConfig",
    "FiguresConfig",
    "FileSample",
    "HypothesesConfig",
    "IntegrationConfig",
    "LearningConfig",
    "NetworkConfig",
    "PdfConfig",
    "PhysicsConfig",
    "RecoilConfig",
    "RegressConfig",
    "Resolution",
    "Sample",
    "ScanConfig",
    "SelectionConfig",
    "ShardsConfig",
    "ThdmConfig",
    "check_hypothesis",
    "check_mass_point",
    "hza_label",
    "load_config",
]
