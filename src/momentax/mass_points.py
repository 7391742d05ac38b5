"""Weights of H -> ZA events at many mass points: a ladder of tables, then the batched integrator for what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from momentax.config import PhysicsConfig
from momentax.integrate.result import make_results
from momentax.pdf import PdfSet
from momentax.processes.hza import HZA
from momentax.processes.hza_plane import contract, plane, stack_scales
from momentax.processes.hza_table import COARSE, FINE, MEDIUM, Nodes, tabulate
from momentax.processes.observed import Observed
from momentax.transfer import Detector

Array = jax.Array
Fallback = Callable[[Observed, np.ndarray, HZA], np.ndarray]

SCALE_LADDER = (180.0, 430.0)
"""muF (GeV) of the first two tables; the others go on with this ratio. A mass point is interpolated between the three
of its own block, so that its weight does not depend on the other mass points."""

_table = jax.jit(tabulate, static_argnames="nodes")
_contract = jax.jit(contract)


def scale_nodes(scale: float) -> tuple[float, float, float]:
    """The three tabulated scales (GeV) that ``scale`` is interpolated between."""
    ratio = SCALE_LADDER[1] / SCALE_LADDER[0]
    block = 2 * np.floor(np.log(scale / SCALE_LADDER[0]) / np.log(ratio) / 2)
    first, second, third = (float(SCALE_LADDER[0] * ratio ** (block + k)) for k in range(3))
    return first, second, third


def integrate(
    observed: Observed,
    event_ids: np.ndarray,
    hypotheses: Sequence[HZA],
    physics: PhysicsConfig,
    pdf: PdfSet,
    detector: Detector,
    fallback: Fallback,
    progress: Callable[[int, int], None] | None = None,
) -> list[np.ndarray]:
    """Records of every hypothesis (see :mod:`momentax.integrate.result`), events in order.

    Weights that the tables do not bring to the requested accuracy go to ``fallback(observed, event ids, hypothesis)``,
    whose records replace theirs. ``n_eval`` of a table is shared by all mass points of the event.
    """
    n = len(event_ids)
    accuracy = physics.integration.relative_accuracy
    bad = ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)
    parameters = [h.amplitude_parameters(float(pdf.alpha_s(h.scale())), physics) for h in hypotheses]
    blocks: dict[tuple[float, ...], list[int]] = {}
    for i, h in enumerate(hypotheses):
        blocks.setdefault(scale_nodes(h.scale()), []).append(i)
    value, error = np.zeros((len(hypotheses), n)), np.full((len(hypotheses), n), np.inf)
    n_eval = np.zeros(n, dtype=np.int64)
    events = jax.tree.map(np.asarray, observed)
    total, done = int((~bad).sum()), 0
    prepared = [
        (
            members,
            plane([parameters[i] for i in members], [hypotheses[i].scale() for i in members], nodes),
            stack_scales([pdf.at_scale(q) for q in nodes]),
        )
        for nodes, members in blocks.items()
    ]

    def one(k: int, nodes: Nodes) -> None:
        """Table of event k; only what had not converged is replaced."""
        x = events.take(k)
        for members, points, gluon in prepared:
            z = parameters[members[0]]
            table = _table(x, detector, physics.sqrt_s, gluon, z.mass_z, z.width_z, nodes=nodes)
            w, relative = (np.asarray(a) for a in _contract(table, points))
            open_ = ~_converged(value[members, k], error[members, k], accuracy)
            chosen = np.array(members)[open_]
            value[chosen, k], error[chosen, k] = w[open_], (relative * w)[open_]
            n_eval[k] += nodes.total

    for k in np.flatnonzero(~bad):
        for nodes in (COARSE, MEDIUM, FINE):
            one(int(k), nodes)
            if np.all(_converged(value[:, k], error[:, k], accuracy)):
                break
        done += 1
        if progress is not None:
            progress(done, total)
    return [
        _finish(observed, event_ids, h, value[i], error[i], n_eval, accuracy, bad, fallback)
        for i, h in enumerate(hypotheses)
    ]


def _converged(value: Any, error: Any, accuracy: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.isfinite(value) & (value > 0.0) & (error <= accuracy * value)


def _finish(observed, event_ids, hypothesis, value, error, n_eval, accuracy, bad, fallback) -> np.ndarray:
    """Records of one hypothesis; the batched integrator has the last word where the tables had none."""
    n = len(value)
    # both assignments of the jets are the same number: their errors add linearly, make_results adds in quadrature
    halves, errors = (
        np.repeat(scale * a[:, None], 2, axis=1) for scale, a in ((0.5, value), (0.5**0.5, error))
    )
    nothing = np.zeros(n)
    out = make_results(halves, errors, nothing, nothing, n_eval, accuracy, bad)
    left = np.flatnonzero(~bad & (out["status"] != "ok"))
    if len(left):
        again = fallback(jax.tree.map(lambda a: np.asarray(a)[left], observed), event_ids[left], hypothesis)
        again["n_eval"] += n_eval[left]
        out[left] = again
    return out


__all__ = ["integrate", "scale_nodes"]
