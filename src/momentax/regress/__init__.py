"""Regression of the event information I = -log10 W by neural networks."""

from __future__ import annotations

import importlib
from typing import Any

# Loaded on first use: the configuration imports this package, and must not wait for the network library.
_PUBLIC = {
    "Regressor": "momentax.regress.regressor",
    "load_regressor": "momentax.regress.regressor",
    "predict": "momentax.regress.inference",
    "shipped": "momentax.regress.pretrained",
    "train": "momentax.regress.assemble",
    "train_from_files": "momentax.regress.assemble",
    "RegressConfig": "momentax.regress.config",
    "paper_preset": "momentax.regress.config",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'momentax.regress' has no attribute {name!r}")
