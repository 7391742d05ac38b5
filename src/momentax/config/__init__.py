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
    FileSample,
    HypothesesConfig,
    RecomputeConfig,
    RegressSection,
    Sample,
    ScanSection,
    ShardsConfig,
    TransferSection,
    check_hypothesis,
    check_mass_point,
    hza_label,
)

__all__ = [
    "BJetResolution",
    "BuiltinSample",
    "Config",
    "DetectorConfig",
    "DrellYanConfig",
    "FileSample",
    "HypothesesConfig",
    "IntegrationConfig",
    "PdfConfig",
    "PhysicsConfig",
    "RecoilConfig",
    "RecomputeConfig",
    "RegressSection",
    "Resolution",
    "Sample",
    "ScanSection",
    "SelectionConfig",
    "ShardsConfig",
    "ThdmConfig",
    "TransferSection",
    "check_hypothesis",
    "check_mass_point",
    "hza_label",
    "load_config",
]
