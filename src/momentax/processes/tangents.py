"""How the event and the numbers of an integrand move with a parameter.

Masses enter an integrand through widths, couplings, alpha_s and parton densities, too, which tables and quadratures
give as plain numbers: these are differentiated by differences (of fourth order, on smooth numbers: better than 1e-8),
so that a derivative of ln W is that of the hypothesis as :func:`momentax.weigh` takes it, at any masses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from momentax.processes.base import Hypothesis
from momentax.processes.observed import Observed

JET_ENERGY_SCALE = "jes"
STEP = 5e-4
"""Relative step in a mass: far below what resolutions let a weight see, far above rounding."""
_STENCIL = ((-2, 1.0 / 12.0), (-1, -8.0 / 12.0), (1, 8.0 / 12.0), (2, -1.0 / 12.0))


def parameters(hypothesis: Hypothesis) -> tuple[str, ...]:
    """Names of the parameters that ln W is differentiated in: the masses, and the jet energy scale."""
    return (*hypothesis.masses, JET_ENERGY_SCALE)


def mass_tangent(numbers: Callable[[Hypothesis], Any], hypothesis: Hypothesis, mass: str) -> Any:
    """d numbers(hypothesis)/d(mass), a pytree of numpy arrays, per GeV."""
    step = STEP * getattr(hypothesis, mass)
    terms = [
        (weight, numbers(replace(hypothesis, **{mass: getattr(hypothesis, mass) + k * step})))
        for k, weight in _STENCIL
    ]
    weights = [weight for weight, _ in terms]
    return jax.tree.map(
        lambda *leaves: (
            sum(w * np.asarray(a, dtype=float) for w, a in zip(weights, leaves, strict=True)) / step
        ),
        *(tree for _, tree in terms),
    )


def scale_jets(observed: Observed, factor: Any) -> Observed:
    """The event with the momenta of both jets times ``factor``, k_rec unchanged.

    The missing transverse momentum takes up the change, as it does when jets are recalibrated. Where true energies are
    sampled stays: it is no part of the weight.
    """
    b, bbar = (
        jet._replace(e_rec=factor * jet.e_rec, p_rec=factor * jet.p_rec)
        for jet in (observed.b, observed.bbar)
    )
    return observed._replace(b=b, bbar=bbar)


def stack(trees: list[Any], axis: int) -> Any:
    """Trees of numpy arrays with a new axis that counts them."""
    return jax.tree.map(lambda *a: np.stack(a, axis=axis), *trees)


__all__ = ["JET_ENERGY_SCALE", "mass_tangent", "parameters", "scale_jets", "stack"]
