"""The squared amplitude of Drell-Yan at given energies, as an input of its network.

The network then learns what the integral makes of it, not the poles of 2 -> 4 amplitudes. 0.3 microseconds an event, a
thousandth of the integral.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from momentax.constants import MASS_B
from momentax.kinematics import FourVector
from momentax.processes.base import Model
from momentax.processes.drell_yan import DrellYan, sum_over_flavours

Array = jax.Array
_LEAST = 1e-300


def hard_numbers(physics: Any) -> Model:
    """Parton densities at muF and parameters of the amplitude; ``physics``: section of the configuration or None."""
    from momentax.config import PhysicsConfig

    model = DrellYan().model(physics or PhysicsConfig(), detector=())  # type: ignore[arg-type]
    return model._replace(cuts=())


def log_hard(energy: Array, eta: Array, phi: Array, model: Model) -> tuple[Array, Array]:
    """ln of the sum over flavours of f f Mbar^2 (GeV^-4) for (j1, j2) = (b, bbar) and (bbar, b), [n] each.

    Energies (GeV) and directions of l+, l-, j1, j2, [n, 4]. In float64: spinor products cancel.
    """
    energy, eta, phi = (a.astype(jnp.float64) for a in (energy, eta, phi))

    def momentum(k: int, mass: float) -> FourVector:
        p = jnp.sqrt(jnp.maximum(energy[:, k] ** 2 - mass**2, 1e-12))
        pt = p / jnp.cosh(eta[:, k])
        return FourVector(
            jnp.sqrt(p**2 + mass**2),
            pt * jnp.cos(phi[:, k]),
            pt * jnp.sin(phi[:, k]),
            p * jnp.tanh(eta[:, k]),
        )

    plus, minus = momentum(0, 0.0), momentum(1, 0.0)
    jets = momentum(2, MASS_B), momentum(3, MASS_B)
    # both orders as rows of one call: the amplitude, thousands of operations, is compiled and exported once
    plus, minus, b, bbar = (
        FourVector(*(jnp.concatenate(c) for c in zip(*pair, strict=True)))
        for pair in ((plus, plus), (minus, minus), jets, jets[::-1])
    )
    _, _, flavours = sum_over_flavours(plus, minus, b, bbar, plus + minus + b + bbar, model)
    both = jnp.log(jnp.maximum(flavours, _LEAST))
    n = energy.shape[0]
    return both[:n], both[n:]
