"""Transfer functions on energies, the recoil of the hard system, detectors. See docs/transfer.md."""

from __future__ import annotations

import importlib
from typing import Any

from momentax.transfer.binned import BinnedTransfer
from momentax.transfer.detector import (
    Detector,
    Transfer,
    binned_detector,
    default_detector,
    detector_from_config,
)
from momentax.transfer.efficiency import Efficiency, efficiency_from_config
from momentax.transfer.gaussian import GaussianTransfer
from momentax.transfer.recoil import RECOIL_PRESETS, RecoilModel, recoil_model
from momentax.transfer.table import load_binned_transfer, transfer_from_counts

__all__ = [
    "RECOIL_PRESETS",
    "BinnedTransfer",
    "Detector",
    "Efficiency",
    "GaussianTransfer",
    "RecoilModel",
    "Transfer",
    "binned_detector",
    "default_detector",
    "detector_from_config",
    "efficiency_from_config",
    "fit_transfer_functions",
    "load_binned_transfer",
    "recoil_model",
    "transfer_from_counts",
]


def __getattr__(name: str) -> Any:
    # on first use: the weight needs no fit, and does not change with its source
    if name == "fit_transfer_functions":
        return importlib.import_module("momentax.transfer.fit").fit_transfer_functions
    raise AttributeError(f"module 'momentax.transfer' has no attribute {name!r}")
