"""Measured momenta as the inputs of the networks use them, in JAX."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array

PAIRS = tuple(combinations(range(4), 2))


class Event(NamedTuple):
    """Measured quantities of events in GeV and radian, [n] or [n, 4] in the order l+, l-, j1, j2.

    x is along the positive lepton.
    """

    pt: Array
    eta: Array
    dphi: Array
    mass: Array
    energy: Array
    px: Array
    py: Array
    pz: Array
    met_x: Array
    met_y: Array
    pair2: dict[tuple[int, int], Array]
    """Squared masses of pairs, GeV^2."""


def unpack(raw: Array) -> Event:
    """Event quantities from the columns `momentax.regress.inputs.RAW`, [n, 18]."""
    pt, eta, phi, mass = (raw[:, k:16:4] for k in range(4))
    dphi = phi - phi[:, :1]
    met_dphi = raw[:, 17] - phi[:, 0]
    p = pt * jnp.cosh(eta)
    ratio = jnp.log1p((mass / p) ** 2)
    pair2 = {}
    for i, j in PAIRS:
        # E_i E_j - p_i p_j without the cancellation, which float32 would not survive
        angle = jnp.sinh((eta[:, i] - eta[:, j]) / 2) ** 2 + jnp.sin((dphi[:, i] - dphi[:, j]) / 2) ** 2
        massive = p[:, i] * p[:, j] * jnp.expm1((ratio[:, i] + ratio[:, j]) / 2)
        pair2[i, j] = (
            mass[:, i] ** 2 + mass[:, j] ** 2 + 4.0 * pt[:, i] * pt[:, j] * angle + 2.0 * massive + 1e-2
        )
    return Event(
        pt,
        eta,
        dphi,
        mass,
        p * jnp.exp(ratio / 2),
        pt * jnp.cos(dphi),
        pt * jnp.sin(dphi),
        pt * jnp.sinh(eta),
        raw[:, 16] * jnp.cos(met_dphi),
        raw[:, 16] * jnp.sin(met_dphi),
        pair2,
    )
