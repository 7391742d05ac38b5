"""Regressors as serialised StableHLO programs, for any number of events at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from momentax.atomic import atomic_path
from momentax.errors import InputError
from momentax.export.function import prediction
from momentax.regress.inputs import RAW
from momentax.regress.regressor import Regressor

PLATFORMS = ("cpu", "cuda")


def write_stablehlo(
    regressor: Regressor,
    path: str | os.PathLike[str],
    precision: str = "float64",
    platforms: Sequence[str] = PLATFORMS,
) -> None:
    """Write ``(raw [n, 18], masses [n, 2]) -> Prediction`` (`momentax.export.function`), float32 columns, as a program
    of `jax.export` with a free n, atomically. `load_stablehlo`, or `jax.export.deserialize` anywhere, reads it.
    """
    (n,) = export.symbolic_shape("n")
    arguments = [jax.ShapeDtypeStruct((n, k), jnp.float32) for k in (len(RAW), 2)]
    function = prediction(regressor, precision)
    program = export.export(
        jax.jit(lambda raw, masses: tuple(function(raw, masses))), platforms=list(platforms)
    )(*arguments)
    with atomic_path(path) as temporary:
        temporary.write_bytes(program.serialize())


def load_stablehlo(path: str | os.PathLike[str]) -> Callable[..., Any]:
    """The function in a file of `write_stablehlo`: (raw, masses) -> (value, uncertainty, uncertainty95, out_of_domain).

    Raises:
        InputError: not such a file.
    """
    try:
        with open(path, "rb") as f:
            program = export.deserialize(bytearray(f.read()))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:  # flatbuffers raises what it meets
        raise InputError(f"{path}: not an exported regressor ({error})") from None
    return program.call
