"""Transfer functions on energies, the recoil of the hard system, detectors. See docs/transfer.md."""

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
    "load_binned_transfer",
    "recoil_model",
    "transfer_from_counts",
]
