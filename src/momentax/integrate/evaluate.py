"""Compiled evaluation of an integrand over the points of a tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from momentax.integrate import grid, points
from momentax.processes.base import IntegrandFn

REPLICATES = 8
"""Independent replicates an estimate is made of: its error is known to 27 %."""


class Variants(NamedTuple):
    """Other numbers of the model, for the ratios of their weights to the weight from the same points."""

    model: Any
    """The model; leaves that differ have a leading axis: first the model's own numbers, then each variant's."""
    axes: Any
    """0 for what differs, None for the rest, as ``in_axes`` of ``jax.vmap``: what does not depend on it is computed
    once."""
    size: int
    """Number of variants, without the model itself."""


class Sampled(NamedTuple):
    """Points of all replicates, [tile, REPLICATES x points of the net, ...]."""

    x: jax.Array
    jacobian: jax.Array
    """dx/du."""
    bins: jax.Array


@jax.jit
def sample(edges: Any, net: Any, shifts: Any) -> Sampled:
    """Points on the grids. Compiled by itself: together with an integrand, XLA would do it again for each of the
    integrand's parts (measured: 1.6 times the whole)."""
    u = points.shifted(net[:, None], shifts[:, :, None, :])
    return Sampled(*grid.apply(edges, u.reshape(len(u), -1, u.shape[-1])))


def per_replicate(f: jax.Array) -> jax.Array:
    """Means [tile, REPLICATES] of values at the points of :func:`sample`."""
    return jnp.mean(f.reshape(len(f), REPLICATES, -1), axis=2)


_CACHE: dict[Any, Callable] = {}


def compiled(integrand: IntegrandFn, axes: Any) -> Callable:
    """The compiled tile evaluation of an integrand: (points, observed, model, whether to sum in bins, variants)."""
    key = (integrand, axes)
    if key not in _CACHE:

        @jax.jit
        def evaluate(at: Sampled, observed, model, refining, others):
            if axes is None:
                f = integrand(at.x, observed, model) * at.jacobian
                varied = jnp.zeros((len(f), 0, REPLICATES))
            else:
                many = jax.vmap(lambda m: integrand(at.x, observed, m), in_axes=(axes,))(others) * at.jacobian
                f, varied = many[0], jnp.stack([per_replicate(one) for one in many[1:]], axis=1)
            nothing = jnp.zeros((len(f), at.x.shape[-1], grid.N_BINS))
            bins = jax.lax.cond(refining, lambda: grid.accumulate(at.bins, f**2), lambda: nothing)
            return per_replicate(f), per_replicate(f**2), varied, bins

        _CACHE[key] = evaluate
    return _CACHE[key]
