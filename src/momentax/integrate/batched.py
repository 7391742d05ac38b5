"""Batched adaptive integration: one importance grid per (event, assignment of the jets), many in one compiled call.

Every integral is an item: an event with its jets assigned. Items are packed into tiles of fixed shape, so there is one
compilation a process; items that have converged leave, and the rest are packed again. An item passes through

1. two adaptation iterations, which only refine its grid;
2. the rungs of a ladder of budgets: on each, the grid is frozen and R replicates of the same Sobol net, each with its
   own random digital shift, give the value (their plain mean) and the error (their scatter). No estimate is weighted by
   its own variance, so small samples do not bias it. The points of a rung refine the grid for the next one.

chi2 is the scatter of the replicates over that expected of independent random points: far above 1 for one that was hit
by a spike, below 1 by what the quasi-random points gain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.integrate import grid, points
from momentax.integrate.result import make_results
from momentax.processes.base import IntegrandFn
from momentax.processes.observed import Observed

TILE = 16
"""Items in a compiled call; TILE x POINTS numbers of 8 bytes (64 KiB) keep the working set in a core's cache."""
POINTS = 512
"""Points of every item in a compiled call."""
REPLICATES = 8
"""Independent replicates an estimate is made of: its error is known to 27 %."""
ADAPTATIONS = 2
"""Iterations of POINTS points that refine the grid before the first estimate."""

Progress = Callable[[int, int], None]


class _Sums(NamedTuple):
    """Per item: mean of f, mean of f^2 over the points; sum of f^2 in every bin of the grid."""

    mean: np.ndarray
    mean2: np.ndarray
    bins: np.ndarray


class BatchedIntegrator:
    """Integrates one hypothesis' integrand over many events.

    Parameters
    ----------
    dim, integrand
        As returned by ``Hypothesis.integrand(options)``.
    model
        ``Hypothesis.model(physics)``.
    label : str
        Names the random streams, with the seed and the event id.
    assignments : int
        2, or 1 if both assignments of the jets are known to have the same weight: then one is integrated and doubled.
    n_eval : sequence of int
        Ladder: evaluations per assignment on every rung (rounded to multiples of REPLICATES x POINTS).
    """

    def __init__(
        self,
        dim: int,
        integrand: IntegrandFn,
        model: Any,
        label: str,
        *,
        assignments: int = 2,
        n_eval: Sequence[int] = (4096, 16384, 65536),
        relative_accuracy: float = 0.02,
        seed: int = 1,
    ) -> None:
        self.dim, self.model, self.label, self.seed = dim, model, label, seed
        self.relative_accuracy, self.assignments = relative_accuracy, assignments
        self.blocks = [max(1, round(n / (REPLICATES * POINTS))) for n in n_eval]
        self._evaluate = _compiled(integrand)
        net = points.sobol_integers(dim, POINTS * 2 ** int(np.ceil(np.log2(max(self.blocks)))))
        self._net = [jnp.asarray(net[k * POINTS : (k + 1) * POINTS]) for k in range(max(self.blocks))]

    def integrate(
        self, observed: Observed, event_ids: np.ndarray, progress: Progress | None = None
    ) -> np.ndarray:
        """Records of the weights of ``observed`` (arrays [n]), in order; see :mod:`momentax.integrate.result`.

        Events with a value that is not finite in ``observed`` come back as ``bad_input``.
        """
        n = len(event_ids)
        bad = ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)
        observed = jax.tree.map(
            lambda a: np.where(bad, np.nanmean(a[~bad]) if (~bad).any() else 1.0, a), observed
        )
        k = self.assignments
        both = (observed, observed.swapped())[:k]
        items = jax.tree.map(lambda *a: np.stack(a, axis=1).reshape(-1), *both)
        value, error, ratio = (np.zeros(k * n) for _ in range(3))
        n_eval = np.zeros(k * n, dtype=np.int64)
        edges = grid.uniform_grid(k * n, self.dim)
        active = np.flatnonzero(np.repeat(~bad, k))
        for i in range(ADAPTATIONS):
            sums = self._run(items, edges, active, event_ids, blocks=1, stage=-1 - i, replicates=1)
            edges[active] = _refine(edges[active], sums.bins[0])
            n_eval[active] += POINTS
        for rung, blocks in enumerate(self.blocks):
            sums = self._run(
                items, edges, active, event_ids, blocks, stage=rung, replicates=REPLICATES, progress=progress
            )
            value[active] = sums.mean.mean(axis=0)
            scatter = _scatter(sums.mean)
            error[active] = scatter / np.sqrt(REPLICATES)
            plain = (sums.mean2.mean(axis=0) - value[active] ** 2) / (blocks * POINTS)
            ratio[active] = np.where(plain > 0.0, scatter**2 / np.where(plain > 0.0, plain, 1.0), 0.0)
            n_eval[active] += REPLICATES * blocks * POINTS
            edges[active] = _refine(edges[active], sums.bins.sum(axis=0))
            active = np.flatnonzero(self._unconverged(value, error, ratio) & np.repeat(~bad, k))
            if not len(active):
                break
        values, errors = value.reshape(n, k), error.reshape(n, k)
        worst = np.take_along_axis(ratio.reshape(n, k), values.argmax(axis=1)[:, None], axis=1)[:, 0]
        if k == 1:
            # the same number twice: its error adds linearly, where make_results adds in quadrature
            values, errors = np.repeat(values, 2, axis=1), np.repeat(np.sqrt(2.0) * errors, 2, axis=1)
        dof = np.full(n, REPLICATES - 1)
        spent = n_eval.reshape(n, k).sum(axis=1)
        return make_results(values, errors, worst * dof, dof, spent, self.relative_accuracy, bad)

    def _unconverged(self, value: np.ndarray, error: np.ndarray, ratio: np.ndarray) -> np.ndarray:
        """Items that keep their event from converging: those with more than their share of its error."""
        k = self.assignments
        v, e = value.reshape(-1, k), error.reshape(-1, k)
        total = np.abs(v.sum(axis=1, keepdims=True))
        too_wide = np.hypot.reduce(e, axis=1, keepdims=True) > self.relative_accuracy * total
        large = e >= np.minimum(self.relative_accuracy * total / np.sqrt(k), e.max(axis=1, keepdims=True))
        return (
            (too_wide & large).reshape(-1)
            | ~np.isfinite(value)
            | (value == 0.0) & np.repeat(total[:, 0] == 0.0, k)
        )

    def _run(self, items, edges, active, event_ids, blocks, stage, replicates, progress=None) -> _Sums:
        """Sums of every active item, arrays [replicates, len(active), ...]; tiles are padded with their last item."""
        out = _Sums(
            np.zeros((replicates, len(active))),
            np.zeros((replicates, len(active))),
            np.zeros((replicates, len(active), self.dim, grid.N_BINS)),
        )
        for start in range(0, len(active), TILE):
            index = active[start : start + TILE]
            size = len(index)
            padded = np.concatenate([index, np.full(TILE - size, index[-1])])
            tile = jax.tree.map(lambda a, padded=padded: jnp.asarray(a[padded][:, None]), items)
            tile_edges = jnp.asarray(edges[padded])
            shifts = np.stack(
                [
                    points.digital_shifts(
                        points.stream(
                            self.seed,
                            int(event_ids[i // self.assignments]),
                            self.label,
                            i % self.assignments,
                            stage,
                        ),
                        replicates,
                        self.dim,
                    )
                    for i in index
                ]
                + [np.zeros((replicates, self.dim), dtype=np.uint32)] * (TILE - size)
            )
            for r in range(replicates):
                parts = [
                    self._evaluate(tile_edges, tile, self.model, self._net[k], jnp.asarray(shifts[:, r]))
                    for k in range(blocks)
                ]
                for target, source in zip(out, zip(*parts, strict=True), strict=True):
                    target[r, start : start + size] = sum(np.asarray(s) for s in source)[:size] / blocks
            if progress is not None:
                progress(min(start + TILE, len(active)), len(active))
        return out


def _scatter(means: np.ndarray) -> np.ndarray:
    """Standard deviation of [replicates, n] over the replicates; of weights whose squares underflow, too."""
    scale = np.max(np.abs(means), axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    return scale * np.std(means / scale, axis=0, ddof=1)


def _refine(edges: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """``grid.refine`` in tiles: one compilation for any number of items."""
    new = np.empty_like(edges)
    for start in range(0, len(edges), TILE):
        parts = [a[start : start + TILE] for a in (edges, sums)]
        size = len(parts[0])
        padded = [np.pad(a, ((0, TILE - size), (0, 0), (0, 0)), mode="edge") for a in parts]
        new[start : start + size] = np.asarray(grid.refine(*padded))[:size]
    return new


_CACHE: dict[IntegrandFn, Callable] = {}


def _compiled(integrand: IntegrandFn) -> Callable:
    """The compiled tile evaluation of an integrand: (edges, observed, model, net, shift) -> _Sums."""
    if integrand not in _CACHE:

        @jax.jit
        def evaluate(edges, observed, model, net, shift):
            u = points.shifted(net[None], shift[:, None, :])
            x, jacobian, index = grid.apply(edges, u)
            f = integrand(x, observed, model) * jacobian
            return jnp.mean(f, axis=1), jnp.mean(f**2, axis=1), grid.accumulate(index, f**2)

        _CACHE[integrand] = evaluate
    return _CACHE[integrand]
