"""Batched adaptive integration: one importance grid per (event, assignment of the jets), many in one compiled call.

Every integral is an item: an event with its jets assigned. Items are packed into tiles of fixed shape, so there is one
compilation a process; items that have converged leave, and the rest are packed again. An item passes through

1. adaptation iterations, which only refine its grid;
2. rungs of a ladder of budgets: on each, the grid is frozen and R replicates of the same Sobol net, each with its own
   random digital shift, give the value (their plain mean) and the error (their scatter). No estimate is weighted by its
   own variance, so small samples do not bias it. An item whose error is too large goes on to the first budget that, by
   1/sqrt(n), will do. Points of a rung refine the grid for the next one, and an item that would need twice the budget
   is adapted again, with as many points as the rung had: of the hardest weights the better grid takes away nine tenths
   of the variance, more points on the old one would only have averaged it.

chi2 compares independent estimates: the scatter of the replicates with that of as many independent random points (below
1 by what the quasi-random points gain), and each rung with the one before it.

The rung at which an item stops is chosen by its own error, which correlates with its value: see the proof of the pulls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from momentax.integrate import grid, points, replicates
from momentax.integrate.evaluate import REPLICATES, Variants, compiled, sample
from momentax.integrate.result import consistent, make_results
from momentax.processes.base import IntegrandFn
from momentax.processes.observed import Observed

TILE = 16
"""Items in a compiled call on a CPU; TILE x POINTS numbers of 8 bytes (64 KiB) stay in a core's cache."""
ACCELERATOR_TILE = 1024
"""Items in a compiled call on each accelerator, which wants many points at once."""
POINTS = 512
"""Points of every item in a compiled call: the next ones of every replicate."""
ADAPTATIONS = 4
"""Iterations that refine the grid, of POINTS points before the first estimate (no more of them than it has points),
and of a quarter of the last rung's between two estimates: many small ones find the peaks sooner than few large ones."""
LONGEST_STEP = 4
"""The next budget is at most this many times the last one: on the better grid it may do."""
REFINING = 8
"""Calls of a rung whose points refine the grid for the next: more would not make it better."""
MARGIN = 1.2
"""The next budget is at least this much more than 1/sqrt(n) asks for: errors are uncertain themselves."""

Progress = Callable[[int, int], None]
OnDevice = jax.Array | np.ndarray


class _Sums(NamedTuple):
    """Means of f and of f^2 per replicate, [REPLICATES, n]; sum of f^2 in every bin of the grid."""

    mean: np.ndarray
    mean2: np.ndarray
    bins: np.ndarray
    others: np.ndarray
    """Means of the variants' f, [variants, REPLICATES, n]."""


class Adapted(NamedTuple):
    """What an integration ended with: the grid of every item, and the rung of the ladder that made its estimate."""

    edges: np.ndarray
    """[items, dim, N_BINS + 1]; items are events x assignments, the assignment running faster."""
    rung: np.ndarray
    """[items]; -1: not integrated."""
    means: np.ndarray
    """[1 + variants, REPLICATES, items]: of f and of the variants' f over the points of that rung."""


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
        Ladder: evaluations per assignment on every rung (rounded to multiples of POINTS).
    variants : Variants, optional
        Evaluated at the same points (:attr:`Adapted.means`).
    """

    def __init__(
        self,
        dim: int,
        integrand: IntegrandFn,
        model: Any,
        label: str,
        *,
        assignments: int = 2,
        n_eval: Sequence[int] = (1024, 2048, 4096, 8192, 16384, 32768, 65536),
        relative_accuracy: float = 0.02,
        seed: int = 1,
        variants: Variants | None = None,
    ) -> None:
        self.variants = variants
        self.n_variants = variants.size if variants else 0
        self.dim, self.integrand, self.model, self.label, self.seed = dim, integrand, model, label, seed
        self.relative_accuracy, self.assignments = relative_accuracy, assignments
        self.blocks = sorted({max(1, round(n / POINTS)) for n in n_eval})
        self._evaluate = compiled(integrand, variants.axes if variants else None)
        devices = jax.devices()
        per_device = TILE if devices[0].platform == "cpu" else ACCELERATOR_TILE
        self._tile = per_device * len(devices)
        self._on_host = len(devices) == 1 and devices[0].platform == "cpu"
        # items are independent: every device takes its part of a tile
        self._sharding = NamedSharding(Mesh(np.array(devices), ("items",)), PartitionSpec("items"))
        part = POINTS // REPLICATES
        net = points.sobol_integers(dim, part * 2 ** int(np.ceil(np.log2(max(self.blocks)))))
        self._net = net.reshape(-1, part, dim)

    def integrate(
        self, observed: Observed, event_ids: np.ndarray, progress: Progress | None = None
    ) -> np.ndarray:
        """Records of the weights of ``observed`` (arrays [n]), in order; see :mod:`momentax.integrate.result`.

        Events with a value that is not finite in ``observed`` come back as ``bad_input``.
        """
        return self.integrate_and_keep(observed, event_ids, progress)[0]

    def integrate_and_keep(
        self, observed: Observed, event_ids: np.ndarray, progress: Progress | None = None
    ) -> tuple[np.ndarray, Adapted]:
        """:meth:`integrate`, and what :meth:`again` needs to evaluate at the same points."""
        n, k = len(event_ids), self.assignments
        bad = ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)
        items = self._items(observed)
        value, error, chi2 = (np.zeros(k * n) for _ in range(3))
        dof, n_eval = (np.zeros(k * n, dtype=np.int64) for _ in range(2))
        edges = grid.uniform_grid(k * n, self.dim)
        means = np.full((1 + self.n_variants, REPLICATES, k * n), np.nan)
        kept = Adapted(edges.copy(), np.full(k * n, -1), means)
        active = np.flatnonzero(np.repeat(~bad, k))

        def adapt(index: np.ndarray, iterations: int, blocks: int, first_stage: int) -> None:
            for i in range(iterations):
                sums = self._run(items, edges, index, event_ids, blocks, first_stage - i)
                edges[index] = _refine(edges[index], sums.bins)
                n_eval[index] += blocks * POINTS

        adapt(active, min(ADAPTATIONS, self.blocks[0]), 1, -1)
        budget = np.full(k * n, self.blocks[0])
        for rung, blocks in enumerate(self.blocks):
            now = active[budget[active] <= blocks]
            if not len(now):
                continue
            sums = self._run(items, edges, now, event_ids, blocks, blocks, progress)
            mean, scatter = replicates.mean(sums.mean), replicates.scatter(sums.mean)
            plain = (replicates.mean(sums.mean2) - mean**2) / (blocks * POINTS // REPLICATES)
            usable = plain > 0.0
            chi2[now] = (REPLICATES - 1) * np.where(usable, scatter**2 / np.where(usable, plain, 1.0), 0.0)
            before = np.hypot(error[now], scatter / np.sqrt(REPLICATES))
            pull = (mean - value[now]) / np.where(before > 0.0, before, 1.0)
            again = kept.rung[now] >= 0
            # what the last rung's error would be with this rung's points; 0: there was none
            scaled = error[now] * np.sqrt(np.asarray(self.blocks)[kept.rung[now]] / blocks)
            chi2[now] += np.where(again, pull**2, 0.0)
            dof[now] = REPLICATES - 1 + again
            value[now], error[now] = mean, replicates.pooled(scatter / np.sqrt(REPLICATES), scaled)
            n_eval[now] += blocks * POINTS
            kept.edges[now], kept.rung[now] = edges[now], rung
            kept.means[0][:, now], kept.means[1:][:, :, now] = sums.mean, sums.others
            edges[now] = _refine(edges[now], sums.bins)
            need = self._need(value, error, chi2, dof)
            active = active[(need > 0.0)[active]]
            # those that wait for a larger budget keep it
            mine = np.intersect1d(now, active)
            asked = np.clip(MARGIN * need[mine] * blocks, blocks + 1, LONGEST_STEP * blocks)
            budget[mine] = np.minimum(asked, self.blocks[-1])
            if not len(active):
                break
            if blocks < self.blocks[-1]:
                far = mine[asked >= 2 * blocks]
                adapt(far, ADAPTATIONS, max(1, blocks // ADAPTATIONS), -(rung + 1) * 1000)
        values, errors = value.reshape(n, k), error.reshape(n, k)
        # the consistency of an event is that of its larger assignment
        larger = np.nan_to_num(values).argmax(axis=1)[:, None]
        event_chi2 = np.take_along_axis(chi2.reshape(n, k), larger, axis=1)[:, 0]
        event_dof = np.take_along_axis(dof.reshape(n, k), larger, axis=1)[:, 0]
        if k == 1:
            # the same number twice: its error adds linearly, where make_results adds in quadrature
            values, errors = np.repeat(values, 2, axis=1), np.repeat(np.sqrt(2.0) * errors, 2, axis=1)
        spent = n_eval.reshape(n, k).sum(axis=1)
        return make_results(values, errors, event_chi2, event_dof, spent, self.relative_accuracy, bad), kept

    def again(
        self, evaluate: Callable, observed: Observed, event_ids: np.ndarray, kept: Adapted
    ) -> np.ndarray:
        """Means of other quantities over the points of the last estimates, [quantities, REPLICATES, n, assignments].

        Parameters
        ----------
        evaluate : compiled (:class:`Sampled`, observed, model) -> means over the points of every replicate,
            [quantities, tile, REPLICATES]
        kept : what the integration of the same events ended with

        Items that were not integrated are NaN.
        """
        n, k = len(event_ids), self.assignments
        items = self._items(observed)
        out: np.ndarray | None = None
        for rung, blocks in enumerate(self.blocks):
            chosen = np.flatnonzero(kept.rung == rung)
            for index, copies, tile, edges, shifts in self._tiles(
                items, kept.edges, chosen, event_ids, blocks, blocks
            ):
                calls = [
                    jnp.swapaxes(evaluate(sample(edges, self._net_of(slots), shifts), tile, self.model), 0, 1)
                    for slots in self._calls(len(index), copies, blocks)
                ]
                mean = replicates.added(replicates.by_block(calls, len(index), copies)[:, :blocks]) / blocks
                if out is None:
                    out = np.full((mean.shape[1], REPLICATES, n * k), np.nan)
                out[:, :, index] = np.moveaxis(mean, 0, 2)
        if out is None:
            return np.full((0, REPLICATES, n, k), np.nan)
        return out.reshape(len(out), REPLICATES, n, k)

    def on_grids(
        self, observed: Observed, event_ids: np.ndarray, edges: np.ndarray, n_eval: int, stage: int = -(10**9)
    ) -> tuple[np.ndarray, np.ndarray]:
        """Means of f and of f^2 on given grids, without adaptation or ladder: each [REPLICATES, items].

        Parameters
        ----------
        edges : [items, dim, N_BINS + 1], as in :class:`Adapted`
        n_eval : evaluations of every item (rounded to multiples of POINTS, at most the largest of the ladder)
        stage : names the random numbers; the default is none of the integration's own
        """
        index = np.arange(self.assignments * len(event_ids))
        blocks = min(max(1, round(n_eval / POINTS)), len(self._net))
        sums = self._run(self._items(observed), edges, index, event_ids, blocks, stage)
        return sums.mean, sums.mean2

    def _items(self, observed: Observed) -> Observed:
        """Events with each assignment of their jets: arrays [n] -> [n x assignments]."""
        both = (observed, observed.swapped())[: self.assignments]
        return jax.tree.map(lambda *a: np.stack(a, axis=1).reshape(-1), *both)

    def _tiles(
        self,
        items: Observed,
        edges: np.ndarray,
        active: np.ndarray,
        event_ids: np.ndarray,
        blocks: int,
        stage: int,
    ) -> Iterator[tuple[np.ndarray, int, Observed, OnDevice, OnDevice]]:
        """(items, copies, [tile, 1] their events, their grids, digital shifts [tile, REPLICATES, dim]) of every tile.

        Few items get several places in a tile, each for other blocks of points; what is left of it is filled up with
        the last item.
        """
        for start in range(0, len(active), self._tile):
            index = active[start : start + self._tile]
            copies = min(self._tile // len(index), blocks)
            places = np.repeat(index, copies)
            spare = self._tile - len(places)
            shifts = [
                points.digital_shifts(
                    points.stream(
                        self.seed,
                        int(event_ids[i // self.assignments]),
                        self.label,
                        i % self.assignments,
                        stage,
                    ),
                    REPLICATES,
                    self.dim,
                )
                for i in index
            ]
            shift = np.pad(np.repeat(shifts, copies, axis=0), ((0, spare), (0, 0), (0, 0)))
            padded = np.concatenate([places, np.full(spare, index[-1])])
            tile = jax.tree.map(lambda a, padded=padded: self._place(a[padded][:, None]), items)
            yield index, copies, tile, self._place(edges[padded]), self._place(shift)

    def _calls(self, n: int, copies: int, blocks: int) -> Iterator[np.ndarray]:
        """Blocks of points of every place of a tile with ``n`` items, one array [tile] a call."""
        for first in range(0, blocks, copies):
            slots = np.zeros(self._tile, dtype=int)
            slots[: n * copies] = np.tile(first + np.arange(copies), n)
            yield slots

    def _net_of(self, slots: np.ndarray) -> OnDevice:
        """The blocks of the net for every place, [tile, points, dim]; what is beyond the budget is dropped later."""
        return self._place(self._net[np.minimum(slots, len(self._net) - 1)])

    def _need(self, value: np.ndarray, error: np.ndarray, chi2: np.ndarray, dof: np.ndarray) -> np.ndarray:
        """By how much every item's budget must grow for its event to converge, as errors fall with 1/sqrt(n); 0: done.

        Items that have more than their share of the event's error, or inconsistent estimates, have to go on. An item
        that was not a number somewhere is left as it is: more points would only hide it.
        """
        k = self.assignments
        v, e = value.reshape(-1, k), error.reshape(-1, k)
        allowed = self.relative_accuracy * np.abs(v.sum(axis=1, keepdims=True))
        too_wide = np.hypot.reduce(e, axis=1, keepdims=True) > allowed
        large = e >= np.minimum(allowed / np.sqrt(k), e.max(axis=1, keepdims=True))
        inconsistent = ~consistent(chi2, dof).reshape(-1, k) & (e > 0.1 * allowed)
        going_on = ((too_wide & large) | inconsistent | (allowed == 0.0)) & np.isfinite(v)
        share = np.where(allowed > 0.0, allowed, 1.0) / np.sqrt(k)
        grows = np.where(allowed > 0.0, np.minimum((e / share) ** 2, 1e6), 1.0)
        return np.where(going_on, np.maximum(grows, 1.0), 0.0).reshape(-1)

    def _place(self, a: np.ndarray) -> OnDevice:
        """An array of a tile on the devices, divided among them along its first axis.

        A single CPU reads numpy's arrays: 40 transfers a tile would cost as much as a Drell-Yan tile's integrand.
        """
        return a if self._on_host else jax.device_put(a, self._sharding)

    def _run(self, items, edges, active, event_ids, blocks, stage, progress=None) -> _Sums:
        """Sums of every active item (in that order)."""
        out = _Sums(
            np.zeros((REPLICATES, len(active))),
            np.zeros((REPLICATES, len(active))),
            np.zeros((len(active), self.dim, grid.N_BINS)),
            np.zeros((self.n_variants, REPLICATES, len(active))),
        )
        others = self.variants.model if self.variants else ()
        done = 0
        for index, copies, tile, grids, shifts in self._tiles(items, edges, active, event_ids, blocks, stage):
            size, inside = len(index), slice(done, done + len(index))
            parts: tuple[list[jax.Array], ...] = ([], [], [], [])
            # nothing is waited for before all calls are under way
            for slots in self._calls(size, copies, blocks):
                refining = bool(slots[0] < REFINING)
                points_of = sample(grids, self._net_of(slots), shifts)
                found = self._evaluate(points_of, tile, self.model, refining, others)
                for kept, a in zip(parts if refining else parts[:3], found, strict=False):
                    kept.append(a)
            mean, mean2, of_others = (
                replicates.added(replicates.by_block(p, size, copies)[:, :blocks]) / blocks for p in parts[:3]
            )
            out.mean[:, inside], out.mean2[:, inside] = mean.T, mean2.T
            out.others[:, :, inside] = np.moveaxis(of_others, 0, 2)
            out.bins[inside] = replicates.added(
                replicates.by_block(parts[3], size, copies)[:, : min(blocks, REFINING)]
            )
            done += size
            if progress is not None:
                progress(done, len(active))
        return out


def _refine(edges: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """``grid.refine`` in tiles: one compilation for any number of items."""
    new = np.empty_like(edges)
    for start in range(0, len(edges), TILE):
        parts = [a[start : start + TILE] for a in (edges, sums)]
        size = len(parts[0])
        padded = [np.pad(a, ((0, TILE - size), (0, 0), (0, 0)), mode="edge") for a in parts]
        new[start : start + size] = np.asarray(grid.refine(*padded))[:size]
    return new
