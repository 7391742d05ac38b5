"""Typed configuration: every key has its reason, unit and bounds; mistakes are refused before anything runs.

``load_config`` reads config/config.yaml; ``python -m momentax.config --write`` writes the schema and the
defaults that are generated from these models.
"""

from __future__ import annotations

from momentax.config.load import Config, load_config
from momentax.config.physics import (
    BJetResolution,
    DetectorConfig,
    DirectionsConfig,
    DrellYanConfig,
    IntegrationConfig,
    PdfConfig,
    PhysicsConfig,
    RecoilConfig,
    Resolution,
    ScalesConfig,
    SelectionConfig,
    ThdmConfig,
)
from momentax.config.shower import (
    EfficiencyConfig,
    JetConfig,
    LeptonConfig,
    PartonCuts,
    ResponseConfig,
    ShowerConfig,
)
from momentax.config.stages import (
    BuiltinSample,
    FileSample,
    FileSimulation,
    HypothesesConfig,
    PlanesConfig,
    RecomputeConfig,
    RegressSection,
    Sample,
    ScanSection,
    ShardsConfig,
    ShoweredSample,
    TransferSection,
    ValidationSection,
    check_hypothesis,
    check_mass_point,
    hza_label,
)

__all__ = [
    "BJetResolution",
    "BuiltinSample",
    "Config",
    "DetectorConfig",
    "DirectionsConfig",
    "DrellYanConfig",
    "EfficiencyConfig",
    "FileSample",
    "FileSimulation",
    "HypothesesConfig",
    "IntegrationConfig",
    "JetConfig",
    "LeptonConfig",
    "PartonCuts",
    "PdfConfig",
    "PhysicsConfig",
    "PlanesConfig",
    "RecoilConfig",
    "RecomputeConfig",
    "RegressSection",
    "Resolution",
    "ResponseConfig",
    "Sample",
    "ScalesConfig",
    "ScanSection",
    "SelectionConfig",
    "ShardsConfig",
    "ShowerConfig",
    "ShoweredSample",
    "ThdmConfig",
    "TransferSection",
    "ValidationSection",
    "check_hypothesis",
    "check_mass_point",
    "hza_label",
    "load_config",
]
