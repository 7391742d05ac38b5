"""Reference points of MadGraph5_aMC@NLO 3.5.7 (origin: tests/data/matrix_elements/README.md)."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from momentax.kinematics import FourVector, from_array

DATA = Path(__file__).parents[1] / "data" / "matrix_elements"


@functools.cache
def load(name: str) -> dict[str, Any]:
    """One reference file."""
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    """Loader of a reference file by its id."""
    return load


@pytest.fixture(scope="session")
def vectors() -> Callable[[Any], list[FourVector]]:
    """[n, particles, 4] -> one FourVector a particle."""

    def split(momenta: Any) -> list[FourVector]:
        p = jnp.asarray(np.asarray(momenta))
        return [from_array(p[:, i]) for i in range(p.shape[1])]

    return split
