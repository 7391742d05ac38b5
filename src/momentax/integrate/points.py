"""Randomised quasi-Monte Carlo points, and random streams that depend on what is integrated alone."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import qmc

SOBOL_BITS = 32


@lru_cache(maxsize=8)
def sobol_integers(dim: int, n: int) -> np.ndarray:
    """The first ``n`` (a power of two) points of one scrambled Sobol sequence as 32-bit integers, [n, dim].

    The scrambling (Owen 1998, by scipy) is fixed: it improves the net; the randomness of an integral is its digital
    shift (:func:`shifted`), which makes each point uniform and keeps the net's stratification.
    """
    points = qmc.Sobol(dim, scramble=True, bits=SOBOL_BITS, seed=20210401).random(n)
    return (points * 2.0**SOBOL_BITS).astype(np.uint32)


def shifted(integers: jax.Array, shift: jax.Array) -> jax.Array:
    """Points in (0, 1) from Sobol integers and a random digital shift (bitwise exclusive or), broadcast together."""
    return (jnp.bitwise_xor(integers, shift).astype(jnp.float64) + 0.5) * 2.0**-SOBOL_BITS


def stream(seed: int, event: int, label: str, *indices: int) -> np.random.Generator:
    """Random generator of (seed, event id, hypothesis label, further indices): any sharding gives the same numbers."""
    text = "/".join(str(part) for part in (seed, event, label, *indices))
    key = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def digital_shifts(generator: np.random.Generator, replicates: int, dim: int) -> np.ndarray:
    """Independent uniform digital shifts, [replicates, dim] of 32-bit integers."""
    return generator.integers(0, 2**SOBOL_BITS, size=(replicates, dim), dtype=np.uint32)
