"""Value and error of an integral from independent replicates of its points, in an order that no packing changes."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np


def by_block(calls: Sequence[jax.Array], n: int, copies: int) -> np.ndarray:
    """Results [tile, ...] of all calls as [items, blocks, ...]."""
    each = [np.asarray(a)[: n * copies] for a in calls]
    return np.concatenate([a.reshape(n, copies, *a.shape[1:]) for a in each], axis=1)


def added(by_block: np.ndarray) -> np.ndarray:
    """Sum of [n, blocks, ...] over the blocks, one after the other: numpy's order depends on n."""
    total = by_block[:, 0].copy()
    for k in range(1, by_block.shape[1]):
        total += by_block[:, k]
    return total


def mean(values: np.ndarray) -> np.ndarray:
    """Mean of [replicates, n] over the replicates, added one after the other: numpy's order depends on n."""
    total = values[0].copy()
    for row in values[1:]:
        total += row
    return total / len(values)


def scatter(means: np.ndarray) -> np.ndarray:
    """Standard deviation of [replicates, n] over the replicates; of weights whose squares underflow, too."""
    scale = np.max(np.abs(means), axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    deviation = means / scale - mean(means / scale)
    return scale * np.sqrt(mean(deviation**2) * len(means) / (len(means) - 1))


def pooled(error: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Error from the replicates of this rung and, where there is one, from the rung before (``scaled`` to this one).

    Where a few points carry an integral, its estimate and its scatter go up and down together, so that low values come
    with small errors. The rung before knows nothing of this one's value. It had a worse grid: it counts at most twice.
    """
    before = np.where(scaled > 0.0, np.minimum(scaled, 2.0 * error), error)
    return np.hypot(error, before) / np.sqrt(2.0)
