"""Derivatives of ln W in masses and in the jet energy scale, from the points of the integral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import jax
import numpy as np

from momentax import mass_points
from momentax.bjet_pairs import pair_rows
from momentax.config import Config, PhysicsConfig
from momentax.directions import DirectionRows, direction_rows
from momentax.errors import ConfigError
from momentax.integrate import common_points
from momentax.integrate.batched import Progress
from momentax.pdf import PdfSet
from momentax.processes import Hypothesis, as_hypothesis
from momentax.processes.base import Model
from momentax.processes.hza import HZA
from momentax.processes.observed import Observed
from momentax.processes.tangents import mass_tangent, parameters, scale_jets
from momentax.transfer import Detector
from momentax.weight import batched_integrator, fallback, inputs, physics_config


def weigh_derivatives(
    events: ak.Array,
    hypothesis: str | Hypothesis,
    config: PhysicsConfig | Config | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weights of events, and the derivatives of ln W in the hypothesis' masses and in the jet energy scale.

    Parameters
    ----------
    events, hypothesis, config, progress : as of :func:`momentax.weigh`

    Returns
    -------
    records : as of :func:`momentax.weigh`
    derivatives : by parameter, records [n] with ``value`` and ``error``; NaN where the weight has no value.
        ``mt``; ``mH``, ``mA`` (1/GeV): at fixed tan(beta), cos(beta - alpha); widths, couplings and the scale muF move
        with the masses (given ``widths`` stay).
        ``jes`` (a pure number): both jets' momenta x (1 + jes), k_rec unchanged. With the scale as a parameter of the
        transfer functions, T(E_rec/(1 + jes) | E)/(1 + jes), the derivative is -(this) - 2.

    Raises
    ------
    ConfigError
        As :func:`momentax.weigh`; also for the integrator ``vegas``, whose points are not kept.
    """
    physics = physics_config(config)
    chosen = as_hypothesis(hypothesis)
    _only_batched(physics, "weigh_derivatives")
    if rows := pair_rows(events) or direction_rows(events, physics):
        inner = rows.physics if isinstance(rows, DirectionRows) else physics
        of_pairs, slopes_of_pairs = weigh_derivatives(rows.events, chosen, inner, progress)
        total = rows.total(of_pairs, physics.integration.relative_accuracy)
        return total, {name: rows.mean(of_pairs, s) for name, s in slopes_of_pairs.items()}
    pdf, detector, observed, ids = inputs(events, physics, chosen.kind)

    if isinstance(chosen, HZA):
        if not physics.mass_points_together:
            raise ConfigError(
                "weigh_derivatives: H -> ZA needs its tables: integration.mass_points together, recoil_mode transverse"
            )
        found = mass_points.integrate_with_derivatives(
            observed, ids, chosen, physics, pdf, detector, fallback(physics, pdf, detector), progress
        )
    else:
        found = _from_points(observed, ids, chosen, physics, pdf, detector, progress)
    records, slopes = found
    return records, {name: slopes[:, i] for i, name in enumerate(parameters(chosen))}


def _from_points(
    observed: Observed,
    event_ids: np.ndarray,
    hypothesis: Hypothesis,
    physics: PhysicsConfig,
    pdf: PdfSet,
    detector: Detector,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Records, and derivatives [n, parameters] from the points of the batched integrator."""
    integrator = batched_integrator(hypothesis, hypothesis.model(physics, pdf, detector), physics)
    records, kept = integrator.integrate_and_keep(observed, event_ids, progress)

    def derivative(moved: common_points.Moved, direction: Any) -> np.ndarray:
        return common_points.log_derivative(integrator, observed, event_ids, kept, moved, direction)

    found = [
        derivative(
            along_numbers, mass_tangent(lambda h: _numbers(h.model(physics, pdf, detector)), hypothesis, m)
        )
        for m in hypothesis.masses
    ]
    return records, np.stack([*found, derivative(along_jes, ())], axis=1)


def _only_batched(physics: PhysicsConfig, who: str) -> None:
    if physics.integration.integrator != "batched":
        raise ConfigError(
            f"{who}: physics.integration.integrator = {physics.integration.integrator!r} keeps no points; use batched"
        )


def _numbers(model: Model) -> tuple[Any, Any]:
    """What moves with a mass: the amplitude's parameters, and the parton densities at muF."""
    return model.amplitude, model.pdf.coefficients


def along_numbers(
    observed: Observed, model: Model, direction: tuple[Any, Any], t: Any
) -> tuple[Observed, Model]:
    """The model with its numbers moved by ``t`` along their tangent."""
    amplitude, coefficients = direction
    return observed, model._replace(
        amplitude=jax.tree.map(lambda a, d: a + t * d, model.amplitude, amplitude),
        pdf=model.pdf._replace(coefficients=model.pdf.coefficients + t * coefficients),
    )


def along_jes(observed: Observed, model: Model, direction: Any, t: Any) -> tuple[Observed, Model]:
    """The event with the jet energy scale moved by ``t``."""
    return scale_jets(observed, 1.0 + t), model
