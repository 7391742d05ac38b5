"""Importance grids of VEGAS (Lepage 1978), one for every integral of a batch.

A grid divides each axis of the unit cube into ``n_bins`` bins of unequal widths; points are uniform in the bins'
index, so x = edge[k] + (edge[k+1] - edge[k]) (u n_bins - k) with k = floor(u n_bins), and dx/du = n_bins * width.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array

N_BINS = 40
"""Bins an axis: few enough for a thousand points to fill, and the channel boundaries of the maps (multiples of 0.1)
fall on edges of the uniform grid."""

FLOOR = 0.3
"""Share of the points that every axis spreads evenly. A bin that few points have found empty would otherwise be left
out in the end, and what is in it be missed at a small error: without it, 16 of 504 weights of H -> ZA were 3 to 13
standard deviations low."""
DAMPING = 0.6
"""Exponent of the refinement: between 0 (rigid) and 1.5; noisy bins of small samples want it low."""


def uniform_grid(n: int, dim: int) -> np.ndarray:
    """Edges of ``n`` unadapted grids, [n, dim, N_BINS + 1]."""
    return np.broadcast_to(np.linspace(0.0, 1.0, N_BINS + 1), (n, dim, N_BINS + 1)).copy()


def apply(edges: Array, u: Array) -> tuple[Array, Array, Array]:
    """Points x of uniform numbers u.

    Parameters
    ----------
    edges : [n, dim, N_BINS + 1]
    u : [n, points, dim] in (0, 1)

    Returns
    -------
    x [n, points, dim]; jacobian [n, points] = prod dx/du; bin index [n, points, dim].
    """
    scaled = u * N_BINS
    index = jnp.clip(scaled.astype(jnp.int32), 0, N_BINS - 1)
    transposed = jnp.swapaxes(index, 1, 2)
    low = jnp.swapaxes(jnp.take_along_axis(edges, transposed, axis=2), 1, 2)
    high = jnp.swapaxes(jnp.take_along_axis(edges, transposed + 1, axis=2), 1, 2)
    width = high - low
    return low + width * (scaled - index), jnp.prod(N_BINS * width, axis=-1), index


def accumulate(index: Array, weight2: Array) -> Array:
    """Sum of ``weight2`` [n, points] over the points of every bin, [n, dim, N_BINS]."""
    return jax.lax.platform_dependent(index, weight2, cpu=_scatter, default=_compare)


def _scatter(index: Array, weight2: Array) -> Array:
    """Point after point: 30 times faster than comparing on a CPU; on an accelerator the order, and so the last bits,
    would be left to chance."""
    n, _, dim = index.shape
    item, axis = jnp.arange(n)[:, None, None], jnp.arange(dim)
    return jnp.zeros((n, dim, N_BINS)).at[item, axis, index].add(weight2[..., None])


def _compare(index: Array, weight2: Array) -> Array:
    bins = jnp.arange(N_BINS, dtype=index.dtype)
    return jnp.sum((index[..., None] == bins) * weight2[..., None, None], axis=1)


@partial(jax.jit, static_argnames="damping")
def refine(edges: Array, sums: Array, damping: float = DAMPING) -> Array:
    """New edges that make (f dx/du)^2 more equal between bins.

    Smoothed and damped as in VEGAS: m_k = [(1 - r_k)/(-ln r_k)]^damping with r_k the bin's share of ``sums``
    ([n, dim, N_BINS]); mixed with :data:`FLOOR` of a uniform density. Grids whose sums are all zero or not finite stay
    as they are.
    """
    total = jnp.sum(sums, axis=-1, keepdims=True)
    usable = jnp.isfinite(total) & (total > 0.0)
    share = jnp.where(usable, sums / jnp.where(usable, total, 1.0), 1.0 / N_BINS)
    left = jnp.concatenate([share[..., :1], share[..., :-1]], axis=-1)
    right = jnp.concatenate([share[..., 1:], share[..., -1:]], axis=-1)
    smooth = jnp.clip((left + 6.0 * share + right) / 8.0, 1e-12, 1.0 - 1e-9)
    smooth = smooth / jnp.sum(smooth, axis=-1, keepdims=True)
    smooth = jnp.clip(smooth, 1e-12, 1.0 - 1e-9)
    density = ((1.0 - smooth) / -jnp.log(smooth)) ** damping
    density = (1.0 - FLOOR) * density / jnp.sum(density, axis=-1, keepdims=True)
    cumulative = jnp.cumsum(density + FLOOR * jnp.diff(edges, axis=-1), axis=-1)
    cumulative = jnp.concatenate([jnp.zeros_like(cumulative[..., :1]), cumulative], axis=-1)
    cumulative = cumulative / cumulative[..., -1:]
    target = jnp.linspace(0.0, 1.0, N_BINS + 1)[1:-1]
    # number of old edges at or below every target: N_BINS^2 comparisons beat a search at this size
    k = jnp.sum(cumulative[..., None, 1:-1] <= target[:, None], axis=-1)
    low, high = jnp.take_along_axis(cumulative, k, -1), jnp.take_along_axis(cumulative, k + 1, -1)
    edge_low, edge_high = jnp.take_along_axis(edges, k, -1), jnp.take_along_axis(edges, k + 1, -1)
    inner = edge_low + (edge_high - edge_low) * (target - low) / (high - low)
    new = jnp.concatenate([edges[..., :1], inner, edges[..., -1:]], axis=-1)
    return jnp.where(usable, new, edges)
