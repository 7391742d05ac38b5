"""Regressors as programs without momentax: StableHLO (`jax.export`) and ONNX (extra ``export``)."""

from __future__ import annotations

import importlib
from typing import Any

# Loaded on first use: ONNX needs an environment of its own.
_PUBLIC = {
    "prediction": "momentax.export.function",
    "write_stablehlo": "momentax.export.stablehlo",
    "load_stablehlo": "momentax.export.stablehlo",
    "write_onnx": "momentax.export.onnx",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'momentax.export' has no attribute {name!r}")
