"""Training points of the flow: uniform in the unit cube, kept in proportion to the integrand.

The maps of the integrand leave a variance of a few W^2, so that of a thousand uniform points a hundred carry
information; a few points of many events teach more than many points of a few events.

The kept points follow the normalised integrand p(u | event) = f/W, up to repeated ones where a point has a large
weight: the loss of the flow is then the plain mean of -ln q, its cross-entropy with p.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from momentax.flow.items import Items, both
from momentax.integrate import points
from momentax.integrate.batched import POINTS, TILE

Progress = Callable[[int, int], None]


class Samples(NamedTuple):
    """Points of n events with two assignments, [2 n, ...], the assignment running faster."""

    inputs: np.ndarray
    """[2 n, inputs], as they come from the events."""
    points: np.ndarray
    """[2 n, kept, dim] float32, distributed as the integrand."""
    share: np.ndarray
    """[2 n]: of the event's weight."""
    n_eval: int
    """Evaluations of the integrand that they took."""


def draw(items: Items, n: int, kept: int, seed: int, progress: Progress | None = None) -> Samples:
    """Evaluate the integrand at ``n`` points of every event and assignment, keep ``kept`` in proportion to it."""
    pairs, model = both(items.observed), items.integrator.model
    evaluate = jax.jit(lambda u, x, m: items.integrator.integrand(u, x, m))
    blocks = max(1, round(n / POINTS))
    total = 2 * len(items.event_ids)
    found = np.zeros((total, kept, items.integrator.dim), dtype=np.float32)
    means = np.zeros(total)
    for start in range(0, total, TILE):
        # the last tile is filled up with its last item: one compilation
        index = np.minimum(np.arange(start, start + TILE), total - 1)
        tile = jax.tree.map(lambda a, index=index: a[index][:, None], pairs)
        rng = points.stream(seed, start, "flow", 0)
        u = rng.random((TILE, blocks * POINTS, items.integrator.dim))
        f = np.concatenate(
            [np.asarray(evaluate(part, tile, model)) for part in np.split(u, blocks, 1)], axis=1
        )
        for row in range(min(TILE, total - start)):
            means[start + row] = f[row].mean()
            found[start + row] = u[row][resample(f[row], kept, rng)]
        if progress is not None:
            progress(min(start + TILE, total), total)
    share = means.reshape(-1, 2)
    share = share / np.maximum(share.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return Samples(items.raw.reshape(total, -1), found, share.reshape(-1), total * blocks * POINTS)


def resample(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` indices in proportion to ``weights`` (systematic: each expected number is kept to within one)."""
    total = weights.sum()
    if not total > 0.0:
        return rng.integers(0, len(weights), n)
    at = (np.arange(n) + rng.random()) / n
    return np.minimum(np.searchsorted(np.cumsum(weights) / total, at), len(weights) - 1)
