"""Weights of H -> ZA events at one or many mass points: a ladder of tables, then the batched integrator for the rest.

Many mass points share one table of an event; for one alone a table that covers only what it needs is ten times cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from momentax.config import PhysicsConfig
from momentax.integrate.result import RATIO_DTYPE, make_results
from momentax.mass_tables import LADDER, Tables, climb, converged, not_finite
from momentax.pdf import PdfSet, stacked
from momentax.processes import hza_point
from momentax.processes.hza import HZA
from momentax.processes.hza_plane import to_device, with_derivatives
from momentax.processes.hza_splines import Contracted
from momentax.processes.hza_table import Nodes, tabulate
from momentax.processes.observed import Observed
from momentax.processes.tangents import mass_tangent, scale_jets, stack
from momentax.transfer import Detector

Array = jax.Array
Fallback = Callable[[Observed, np.ndarray, HZA], np.ndarray]
Progress = Callable[[int, int], None]

CHUNK = 32
"""Events in a compiled call for one mass point."""


def integrate(
    observed: Observed,
    event_ids: np.ndarray,
    hypotheses: Sequence[HZA],
    physics: PhysicsConfig,
    pdf: PdfSet,
    detector: Detector,
    fallback: Fallback,
    progress: Progress | None = None,
    variants: Sequence[tuple[PhysicsConfig, PdfSet]] = (),
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of every hypothesis the records (see :mod:`momentax.integrate.result`) and ratios of variants, events in order.

    Weights that the tables do not bring to the requested accuracy go to ``fallback(observed, event ids, hypothesis)``,
    whose records replace theirs. ``n_eval`` of a table is shared by all mass points of the event. ``variants`` (other
    scales, other parton densities) come from the same tables: [events, variants], :meth:`Climbed.ratios`.
    """
    found = climb(Tables(hypotheses, physics, pdf, detector, variants), observed, progress)
    records = []
    for i, h in enumerate(hypotheses):
        out = _records(found.value[i], found.error[i], found.n_eval, found.bad, physics)
        records.append(_complete(out, observed, event_ids, h, fallback))
    return records, [found.ratios(i) for i in range(len(hypotheses))]


def integrate_one(
    observed: Observed,
    event_ids: np.ndarray,
    hypothesis: HZA,
    physics: PhysicsConfig,
    pdf: PdfSet,
    detector: Detector,
    fallback: Fallback,
    progress: Progress | None = None,
) -> np.ndarray:
    """:func:`integrate` of one mass point, from tables that cover only what it needs.

    Where these do not reach the requested accuracy, the tables of all mass points and ``fallback`` follow.
    """
    bad = not_finite(observed)
    value, relative = np.zeros(len(bad)), np.zeros(len(bad))
    n_eval = np.zeros(len(bad), dtype=np.int64)
    gluon = stacked([pdf.at_scale(hypothesis.factorisation_scale(physics))])
    parameters = hypothesis.amplitude_parameters(hypothesis.alpha_s(physics, pdf), physics)
    arguments = (detector, physics.sqrt_s, gluon, jax.tree.map(float, parameters))
    open_ = np.flatnonzero(~bad)
    total = len(open_)
    for size in hza_point.LADDER:
        for start in range(0, len(open_), CHUNK):
            index = open_[start : start + CHUNK]
            # always full: one compilation, and the same bits beside any other events
            padded = np.concatenate([index, np.full(CHUNK - len(index), index[-1])])
            found = jax.tree.map(
                np.asarray, _points(len(index), _take(observed, padded), *arguments, size=size)
            )
            value[index], relative[index] = found.value[: len(index)], found.error[: len(index)]
            if progress is not None and size == hza_point.COARSE:
                progress(start + len(index), total)
        n_eval[open_] += size.table.total
        open_ = open_[~converged(value[open_], relative[open_], physics.integration.relative_accuracy)]
    if len(open_):
        found = climb(Tables([hypothesis], physics, pdf, detector), _take(observed, open_))
        value[open_], relative[open_] = found.value[0], found.of_table[0] + found.of_rule[0]
        n_eval[open_] += found.n_eval
    out = _records(value, relative * value, n_eval, bad, physics)
    return _complete(out, observed, event_ids, hypothesis, fallback)


def integrate_with_derivatives(
    observed: Observed,
    event_ids: np.ndarray,
    hypothesis: HZA,
    physics: PhysicsConfig,
    pdf: PdfSet,
    detector: Detector,
    fallback: Fallback,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(records, d ln W/d(mH, mA, jet energy scale) [n, 3] of ``RATIO_DTYPE``) of one hypothesis.

    Derivatives come from tables even where the weight is the fallback's: at fixed points of the batched integrator,
    solutions of the narrow resonances appear and vanish as the masses move, and a derivative does not see that.
    """
    records = integrate_one(observed, event_ids, hypothesis, physics, pdf, detector, fallback)
    tables = Tables([hypothesis], physics, pdf, detector)
    points = to_device(tables.plane([hypothesis]))
    slopes = [mass_tangent(lambda h: tables.plane([cast(HZA, h)]), hypothesis, m) for m in hypothesis.masses]
    along_masses = to_device(stack(slopes, axis=0))
    derivatives = np.full((len(event_ids), len(hypothesis.masses) + 1), np.nan, dtype=RATIO_DTYPE)
    events = jax.tree.map(np.asarray, observed)
    chosen = np.flatnonzero(~not_finite(observed))
    for done, k in enumerate(chosen, start=1):
        for size in LADDER:
            table, along_jes = _table_and_slope(events.take(k), *tables.arguments, nodes=size)
            weight, slope = _with_derivatives(table, along_jes, points, along_masses)
            if converged(weight.value, weight.error, physics.integration.relative_accuracy)[0]:
                break
        derivatives["value"][k], derivatives["error"][k] = (np.asarray(a)[:, 0] for a in slope)
        if progress is not None:
            progress(done, len(chosen))
    return records, derivatives


def _slope_of_table(
    x: Observed, detector: Detector, sqrt_s: Any, gluon: Any, mass_z: Any, width_z: Any, nodes: Nodes
) -> tuple[Any, Any]:
    """A table and its derivative in the jet energy scale."""

    def moved(jes: Any) -> Any:
        return tabulate(scale_jets(x, 1.0 + jes), detector, sqrt_s, gluon, mass_z, width_z, nodes)

    return jax.jvp(moved, (0.0,), (1.0,))


def _weigh_points(
    n: Any,
    x: Observed,
    detector: Detector,
    sqrt_s: Any,
    gluon: Any,
    parameters: Any,
    size: hza_point.Resolution,
) -> Contracted:
    """Weights of the first ``n`` of a chunk of events at one mass point: one by one on a CPU, at once elsewhere."""

    def one(event: Observed) -> Contracted:
        return hza_point.weigh_point(event, detector, sqrt_s, gluon, parameters, size)

    if jax.default_backend() != "cpu":
        return jax.vmap(one)(x)

    def add(i: Any, found: Contracted) -> Contracted:
        return jax.tree.map(lambda whole, w: whole.at[i].set(w), found, one(x.take(i)))

    return jax.lax.fori_loop(0, n, add, Contracted(*(jnp.zeros(CHUNK) for _ in Contracted._fields)))


_points = jax.jit(_weigh_points, static_argnames="size")
_table_and_slope = jax.jit(_slope_of_table, static_argnames="nodes")
_with_derivatives = jax.jit(with_derivatives)


def _take(observed: Observed, index: np.ndarray) -> Observed:
    return jax.tree.map(lambda a: np.asarray(a)[index], observed)


def _complete(
    records: np.ndarray, observed: Observed, event_ids: np.ndarray, hypothesis: HZA, fallback: Fallback
) -> np.ndarray:
    """Records with those of ``fallback`` in the place of what tables left open."""
    left = np.flatnonzero((records["status"] != "ok") & (records["status"] != "bad_input"))
    if len(left):
        again = fallback(_take(observed, left), event_ids[left], hypothesis)
        again["n_eval"] += records["n_eval"][left]
        records[left] = again
    return records


def _records(
    value: np.ndarray, error: np.ndarray, n_eval: np.ndarray, bad: np.ndarray, physics: PhysicsConfig
) -> np.ndarray:
    """Records of one mass point; arrays [events]."""
    # both assignments of the jets are the same number: their errors add linearly, make_results adds in quadrature
    halves, errors = (
        np.repeat(scale * a[:, None], 2, axis=1) for scale, a in ((0.5, value), (0.5**0.5, error))
    )
    nothing = np.zeros(len(bad))
    return make_results(halves, errors, nothing, nothing, n_eval, physics.integration.relative_accuracy, bad)


__all__ = ["integrate", "integrate_one", "integrate_with_derivatives"]
