"""Weights, and their ratios to those under other parton densities or scales, from the same points of the integral.

A ratio W'/W has the error that common points leave, a small part of the error of either weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np

from momentax import mass_points
from momentax.bjet_pairs import pair_rows
from momentax.config import Config, PhysicsConfig
from momentax.config.variations import Reweighting, varied_physics
from momentax.directions import DirectionRows, direction_rows
from momentax.errors import ConfigError
from momentax.integrate import common_points
from momentax.integrate.batched import Progress
from momentax.integrate.evaluate import Variants
from momentax.integrate.result import RATIO_DTYPE
from momentax.mass_tables import Tables, climb
from momentax.pdf import PdfSet, load_pdf, stacked
from momentax.processes import Hypothesis, as_hypothesis
from momentax.processes.base import Model
from momentax.processes.hza import HZA
from momentax.ratios import in_quadrature
from momentax.weight import batched_integrator, fallback, inputs, physics_config, weigh

Ratios = dict[str, np.ndarray]
"""By variation, [n] of ``RATIO_DTYPE``: value and error of W'/W; NaN where there is no weight."""


def weigh_variations(
    events: ak.Array,
    hypotheses: Sequence[str | Hypothesis],
    variations: Mapping[str, Reweighting],
    config: PhysicsConfig | Config | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, tuple[np.ndarray, Ratios]]:
    """Weights of events under one or several hypotheses, with the ratios of their variations to them.

    Several mass points of H -> ZA share one table of an event, as in :func:`momentax.weigh_mass_points`; other
    hypotheses are integrated one by one.

    Parameters
    ----------
    events, config, progress : as of :func:`momentax.weigh`
    hypotheses : labels or hypotheses
    variations : by name, :class:`momentax.config.variations.Pdf` or :class:`momentax.config.variations.Scales`

    Returns
    -------
    By label (records as of :func:`momentax.weigh`, ratios by variation). The integrator ``vegas`` keeps no points: with
    it a variation is a weight of its own, and the errors of both add in quadrature.

    Raises
    ------
    ConfigError
        A variation of another kind; otherwise as :func:`momentax.weigh`.
    """
    physics = physics_config(config)
    for name, variation in variations.items():
        if not isinstance(variation, Reweighting):
            raise ConfigError(
                f"weigh_variations: {name!r} is of kind {variation.kind!r}, no reweighting; weigh its events or its "
                "physics by themselves (momentax.vary.events.shift_events, varied_physics)"
            )
    chosen = [as_hypothesis(h) for h in hypotheses]
    if rows := pair_rows(events) or direction_rows(events, physics):
        inner = rows.physics if isinstance(rows, DirectionRows) else physics
        found = weigh_variations(rows.events, chosen, variations, inner, progress)
        accuracy = physics.integration.relative_accuracy
        return {
            label: (rows.total(records, accuracy), {v: rows.mean(records, r) for v, r in ratios.items()})
            for label, (records, ratios) in found.items()
        }
    versions = [varied_physics(physics, v) for v in variations.values()]
    others = [(p, load_pdf(p.pdf.set, p.pdf.member)) for p in versions]
    out: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    points = [h for h in chosen if isinstance(h, HZA)] if physics.mass_points_together else []
    if points:
        out |= _from_tables(events, points, others, physics, progress)
    for h in chosen:
        if h.label not in out:
            batched = physics.integration.integrator == "batched"
            weighed = _from_points if batched else _one_by_one
            out[h.label] = weighed(events, h, others, physics, progress)
    return {
        h.label: (out[h.label][0], {name: out[h.label][1][:, i] for i, name in enumerate(variations)})
        for h in chosen
    }


Others = Sequence[tuple[PhysicsConfig, PdfSet]]
Weighed = tuple[np.ndarray, np.ndarray]
"""Records [n] and ratios [n, variations]."""


def _from_tables(
    events: ak.Array,
    points: Sequence[HZA],
    others: Others,
    physics: PhysicsConfig,
    progress: Progress | None,
) -> dict[str, Weighed]:
    pdf, detector, observed, ids = inputs(events, physics, HZA.kind)
    alone = fallback(physics, pdf, detector)
    if len(points) == 1:
        # a weight does not depend on whether its variations are asked for
        records = [
            mass_points.integrate_one(observed, ids, points[0], physics, pdf, detector, alone, progress)
        ]
        ratios = [climb(Tables(points, physics, pdf, detector, others), observed).ratios(0)]
    else:
        records, ratios = mass_points.integrate(
            observed, ids, points, physics, pdf, detector, alone, progress, others
        )
    return {h.label: (w, r) for h, w, r in zip(points, records, ratios, strict=True)}


def _from_points(
    events: ak.Array,
    hypothesis: Hypothesis,
    others: Others,
    physics: PhysicsConfig,
    progress: Progress | None,
) -> Weighed:
    pdf, detector, observed, ids = inputs(events, physics, hypothesis.kind)
    model = hypothesis.model(physics, pdf, detector)
    integrator = batched_integrator(
        hypothesis, model, physics, pdf_variants(hypothesis, model, others) if others else None
    )
    records, kept = integrator.integrate_and_keep(observed, ids, progress)
    ratios = common_points.of_variants(kept, len(ids))
    # the squared amplitude goes with a power of alpha_s, which no point needs to know
    nominal = hypothesis.alpha_s(physics, pdf)
    power = [(hypothesis.alpha_s(p, s) / nominal) ** hypothesis.alpha_s_power for p, s in others]
    for name in ("value", "error"):
        ratios[name] *= np.array(power)
    return records, ratios


def pdf_variants(hypothesis: Hypothesis, model: Model, others: Others) -> Variants:
    """The parton densities of ``model``, and those of other sets or scales in their place."""
    pdfs = stacked(
        [model.pdf, *(pdf.at_scale(hypothesis.factorisation_scale(physics)) for physics, pdf in others)]
    )
    axes = Model._make(0 if field == "pdf" else None for field in Model._fields)
    return Variants(model._replace(pdf=pdfs), axes, len(others))


def _one_by_one(
    events: ak.Array,
    hypothesis: Hypothesis,
    others: Others,
    physics: PhysicsConfig,
    progress: Progress | None,
) -> Weighed:
    records = weigh(events, hypothesis, physics, progress)
    ratios = [in_quadrature(weigh(events, hypothesis, p), records) for p, _ in others]
    return records, np.stack(ratios, axis=1) if ratios else np.zeros((len(records), 0), dtype=RATIO_DTYPE)


__all__ = ["Ratios", "weigh_variations"]
