"""Ratios of weights W_alpha/W_beta with the errors that common points leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np

from momentax.bjet_pairs import pair_rows
from momentax.config import Config, PhysicsConfig
from momentax.directions import DirectionRows, direction_rows
from momentax.integrate import common_points
from momentax.integrate.result import RATIO_DTYPE
from momentax.mass_tables import Tables, climb
from momentax.processes import Hypothesis, as_hypothesis
from momentax.processes.hza import HZA
from momentax.processes.tangents import stack
from momentax.weight import batched_integrator, inputs, physics_config, weigh, weigh_mass_points


def weigh_ratios(
    events: ak.Array,
    hypotheses: Sequence[str | Hypothesis],
    reference: str | Hypothesis,
    config: PhysicsConfig | Config | Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """W(x|alpha)/W(x|reference) of events, with errors.

    Top masses are integrated over the points of the reference, mass points of H -> ZA from its tables: what their
    errors have in common cancels. For hypotheses of another kind, errors are added in quadrature.

    Parameters
    ----------
    events, config : as of :func:`momentax.weigh`
    hypotheses : alpha; ``reference``: the denominator

    Returns
    -------
    By label, records [n] with ``value`` and ``error``; NaN where a weight has no value.
    """
    physics = physics_config(config)
    below = as_hypothesis(reference)
    if rows := pair_rows(events) or direction_rows(events, physics):
        # the draws of directions are weighed with exact ones, the pairs with the same configuration
        inner = rows.physics if isinstance(rows, DirectionRows) else physics
        found = weigh_ratios(rows.events, hypotheses, below, inner)
        tables = isinstance(below, HZA) and inner.mass_points_together
        records = (
            weigh_mass_points(rows.events, [below], inner)[below.label]
            if tables
            else weigh(rows.events, below, inner)
        )
        return {label: rows.mean(records, ratios) for label, ratios in found.items()}
    above = [as_hypothesis(h) for h in hypotheses]
    alike = [h for h in above if h.kind == below.kind]
    out: dict[str, np.ndarray] = {}
    if isinstance(below, HZA) and physics.mass_points_together:
        points = [h for h in alike if isinstance(h, HZA)]
        out |= _from_tables(events, points, below, physics) if points else {}
    elif alike and physics.integration.integrator == "batched":
        out |= _from_points(events, alike, below, physics)
    others = [h for h in above if h.label not in out]
    if others:
        weight = weigh(events, below, physics)
        out |= {h.label: in_quadrature(weigh(events, h, physics), weight) for h in others}
    return {h.label: out[h.label] for h in above}


def in_quadrature(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Ratio of two independent weights."""
    ratio = np.zeros(len(above), dtype=RATIO_DTYPE)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio["value"] = above["value"] / below["value"]
        relative = np.hypot(above["error"] / above["value"], below["error"] / below["value"])
        ratio["error"] = relative * ratio["value"]
    return ratio


def _from_points(
    events: ak.Array, above: list[Hypothesis], below: Hypothesis, physics: PhysicsConfig
) -> dict[str, np.ndarray]:
    """Other parameters of one process over the points of the reference."""
    pdf, detector, observed, ids = inputs(events, physics, below.kind)
    integrator = batched_integrator(below, below.model(physics, pdf, detector), physics)
    _, kept = integrator.integrate_and_keep(observed, ids)
    models = stack([h.model(physics, pdf, detector) for h in above], axis=0)
    found = common_points.ratios(integrator, observed, ids, kept, models)
    return {h.label: found[:, i] for i, h in enumerate(above)}


def _from_tables(
    events: ak.Array, above: list[HZA], below: HZA, physics: PhysicsConfig
) -> dict[str, np.ndarray]:
    """Mass points of H -> ZA; a weight that the tables left open has its own error, added in quadrature."""
    pdf, detector, observed, _ = inputs(events, physics, HZA.kind)
    all_points = [below, *above]
    found = climb(Tables(all_points, physics, pdf, detector), observed)
    from_table = found.error <= physics.integration.relative_accuracy * found.value
    out = {}
    for i, h in enumerate(above, start=1):
        ratio = np.full(len(events), np.nan, dtype=RATIO_DTYPE)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio["value"] = found.value[i] / found.value[0]
        shared = np.abs(found.of_table[i] - found.of_table[0])
        ratio["error"] = ratio["value"] * (shared + found.of_rule[i] + found.of_rule[0])
        left = np.flatnonzero(~(from_table[0] & from_table[i]) & ~found.bad)
        if len(left):
            some = events[left]
            ratio[left] = in_quadrature(weigh(some, h, physics), weigh(some, below, physics))
        out[h.label] = ratio
    return out
