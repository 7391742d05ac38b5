"""momentax: the Matrix Element Method at cluster scale.

The public names are loaded on first use, so that ``import momentax`` and the command line stay quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

# XLA reports every difference between the machine that compiled and the one that runs as an error; read at import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The weight needs float64: squared amplitudes lose ten digits in cancellations near the poles. Set without importing
# jax where nobody has yet: jobs that only move files start seconds faster.
if "jax" in sys.modules:
    sys.modules["jax"].config.update("jax_enable_x64", True)
else:
    os.environ["JAX_ENABLE_X64"] = "1"

__version__ = "0.1.0"

_PUBLIC = {
    "squared_amplitude": "momentax.amplitudes",
    "read_events": "momentax.events",
    "weigh": "momentax.weight",
    "weigh_mass_points": "momentax.weight",
    "weigh_derivatives": "momentax.derivatives",
    "weigh_ratios": "momentax.ratios",
    "weigh_variations": "momentax.vary.weights",
    "drell_yan": "momentax.processes",
    "ttbar": "momentax.processes",
    "hza": "momentax.processes",
    "load_regressor": "momentax.regress",
    "predict": "momentax.regress.inference",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'momentax' has no attribute {name!r}; public names are {sorted(_PUBLIC)}")


def __dir__() -> list[str]:
    return sorted(__all__)
