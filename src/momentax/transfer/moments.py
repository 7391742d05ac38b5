"""Mean and width of a transfer function seen as a likelihood of the true energy."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

Array = jax.Array

_HALF_RANGE = 6.0  # in relative resolutions, in ln E_gen
_NODES = 241


def likelihood_moments(
    density: Callable[[Array, Array], Array], e_rec: Array, relative_width: Array
) -> tuple[Array, Array]:
    """Mean and standard deviation (GeV) of density(e_rec, e_gen) as a function of e_gen, batched over e_rec.

    Trapezoid rule in t = ln(e_gen/e_rec), |t| <= 6 ``relative_width`` (the relative resolution at e_rec),
    241 nodes. The range is part of the definition: with a tail that scales with e_gen the likelihood falls
    like 1/e_gen only, and the moments over all e_gen do not exist.
    """
    t = _HALF_RANGE * relative_width[..., None] * jnp.linspace(-1.0, 1.0, _NODES)
    e_gen = e_rec[..., None] * jnp.exp(t)
    half_ends = jnp.ones(_NODES).at[jnp.array([0, -1])].set(0.5)
    weight = density(e_rec[..., None], e_gen) * e_gen * half_ends
    norm = jnp.sum(weight, axis=-1)
    mean = jnp.sum(weight * e_gen, axis=-1) / norm
    variance = jnp.sum(weight * (e_gen - mean[..., None]) ** 2, axis=-1) / norm
    return mean, jnp.sqrt(variance)
