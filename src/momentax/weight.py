"""The weight W(x|alpha): events in, records out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import ValidationError

from momentax import mass_points
from momentax.bjet_pairs import pair_rows
from momentax.config import Config, PhysicsConfig, load_config
from momentax.constants import SQRT_S
from momentax.directions import direction_rows
from momentax.errors import ConfigError
from momentax.events.validate import bad_input
from momentax.events.visible import visible
from momentax.integrate import points, reference
from momentax.integrate.batched import BatchedIntegrator, Progress
from momentax.integrate.evaluate import Variants
from momentax.integrate.result import make_results
from momentax.pdf import PdfSet, load_pdf
from momentax.processes import Hypothesis, as_hypothesis
from momentax.processes.base import LEAST_BUDGET_ACCURACY, Model, Options
from momentax.processes.hza import HZA
from momentax.processes.observed import Observed, observe
from momentax.transfer import Detector, detector_from_config

LEAST_OF_REFERENCE = 4000
"""Evaluations that `vegas` wants at least: it divides them among its iterations."""


def weigh(
    events: ak.Array,
    hypothesis: str | Hypothesis,
    config: PhysicsConfig | Config | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Matrix-element weights W(x|alpha) of events, each with its error and status.

    Parameters
    ----------
    events : awkward array in the event schema (:func:`momentax.read_events`); with the fields ``j3``, ``j4`` the weight
        is the sum over all pairs of b jets (:mod:`momentax.bjet_pairs`)
    hypothesis : str or Hypothesis
        ``"drell_yan"``, ``"ttbar"``, ``"ttbar_173"``, ``"hza_500_300"``, or :func:`momentax.ttbar`,
        :func:`momentax.hza` for full control.
    config : PhysicsConfig, Config (its section ``physics``), mapping of the keys of either, or None for the defaults
    progress : callable(done, total), optional

    Returns
    -------
    numpy structured array, one record per event in order: ``value`` and ``error`` (pb per GeV^4 of energies, GeV^2 of
    k_rec and sr^4), ``chi2_dof``, ``n_eval``, ``status`` and ``value_per_assignment`` [2]; see
    :mod:`momentax.integrate.result`. Events that cannot be weighed have status ``bad_input`` and NaN values.

    Raises
    ------
    ConfigError, PhysicsError
        Unknown hypothesis or configuration, masses out of range, PDF set not found.
    """
    physics = physics_config(config)
    hypothesis = as_hypothesis(hypothesis)
    if rows := pair_rows(events):
        records = weigh(rows.events, hypothesis, physics, progress)
        return rows.total(records, physics.integration.relative_accuracy)
    if draws := direction_rows(events, physics):
        records = weigh(draws.events, hypothesis, draws.physics, progress)
        return draws.total(records, physics.integration.relative_accuracy)
    pdf, detector, observed, ids = inputs(events, physics, hypothesis.kind)
    if isinstance(hypothesis, HZA) and physics.mass_points_together:
        alone = fallback(physics, pdf, detector)
        return mass_points.integrate_one(observed, ids, hypothesis, physics, pdf, detector, alone, progress)
    model = hypothesis.model(physics, pdf, detector)
    if physics.integration.integrator == "vegas":
        return weigh_reference(observed, ids, hypothesis, model, physics, progress)
    return weigh_batched(observed, ids, hypothesis, model, physics, progress)


def weigh_mass_points(
    events: ak.Array,
    hypotheses: Sequence[str | Hypothesis],
    config: PhysicsConfig | Config | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Weights of events at many mass points of H -> ZA: 200 of them cost as much as nine by themselves.

    One table of an event serves all mass points (:mod:`momentax.processes.hza_table`); weights that it does not bring
    to the requested accuracy are integrated by themselves. A weight does not depend on the other mass points.

    Parameters
    ----------
    events, config, progress : as of :func:`weigh`
    hypotheses : labels ``"hza_500_300"`` or :func:`momentax.hza`

    Returns
    -------
    Records by label. ``error`` is an estimate of the numerical error, ``n_eval`` is that of all mass points together.

    Raises
    ------
    ConfigError
        A hypothesis of another kind, or a configuration without such tables (``recoil_mode: balanced``).
    """
    physics = physics_config(config)
    chosen = [as_hypothesis(h) for h in hypotheses]
    points = [h for h in chosen if isinstance(h, HZA)]
    if len(points) < len(chosen):
        others = ", ".join(h.label for h in chosen if not isinstance(h, HZA))
        raise ConfigError(f"weigh_mass_points: {others} is not a mass point of H -> ZA; use weigh for it")
    if physics.recoil_mode != "transverse":
        raise ConfigError("weigh_mass_points: tables need recoil_mode: transverse; use weigh for balanced")
    if rows := pair_rows(events):
        found = weigh_mass_points(rows.events, points, physics, progress)
        accuracy = physics.integration.relative_accuracy
        return {label: rows.total(records, accuracy) for label, records in found.items()}
    if draws := direction_rows(events, physics):
        found = weigh_mass_points(draws.events, points, draws.physics, progress)
        accuracy = physics.integration.relative_accuracy
        return {label: draws.total(records, accuracy) for label, records in found.items()}
    pdf, detector, observed, ids = inputs(events, physics, HZA.kind)
    alone = fallback(physics, pdf, detector)
    records, _ = mass_points.integrate(observed, ids, points, physics, pdf, detector, alone, progress)
    return {h.label: r for h, r in zip(points, records, strict=True)}


def fallback(physics: PhysicsConfig, pdf: PdfSet, detector: Detector) -> mass_points.Fallback:
    """What weighs the mass points that tables leave open: the batched integrator."""

    def alone(observed: Observed, event_ids: np.ndarray, hypothesis: HZA) -> np.ndarray:
        model = hypothesis.model(physics, pdf, detector)
        return weigh_batched(observed, event_ids, hypothesis, model, physics)

    return alone


def weigh_batched(
    observed: Observed,
    event_ids: np.ndarray,
    hypothesis: Hypothesis,
    model: Model,
    physics: PhysicsConfig,
    progress: Progress | None = None,
) -> np.ndarray:
    """Weights by the batched integrator: a grid for every event and assignment of the jets."""
    return batched_integrator(hypothesis, model, physics).integrate(observed, event_ids, progress)


def batched_integrator(
    hypothesis: Hypothesis, model: Model, physics: PhysicsConfig, variants: Variants | None = None
) -> BatchedIntegrator:
    """The batched integrator of a hypothesis with the configured ladder, accuracy and seed."""
    dim, integrand = hypothesis.integrand(Options.from_physics(physics))
    settings = physics.integration
    return BatchedIntegrator(
        dim,
        integrand,
        model,
        hypothesis.label,
        assignments=1 if hypothesis.jets_exchangeable else 2,
        n_eval=_budgets(settings.n_eval, _least_budget(hypothesis, settings.relative_accuracy)),
        relative_accuracy=settings.relative_accuracy,
        seed=settings.seed,
        variants=variants,
    )


def _least_budget(hypothesis: Hypothesis, accuracy: float) -> int:
    """The hypothesis' least budget for weights to `LEAST_BUDGET_ACCURACY`; less, by 1/accuracy^2, for coarser ones."""
    scaled = hypothesis.least_budget * min(1.0, (LEAST_BUDGET_ACCURACY / accuracy) ** 2)
    return max(Hypothesis.least_budget, round(scaled))


def _budgets(n_eval: Sequence[int], least: int) -> list[int]:
    """The budgets of a ladder that are not below ``least``; the largest in any case."""
    return [n for n in n_eval if n >= least] or [n_eval[-1]]


def weigh_reference(
    observed: Observed,
    event_ids: np.ndarray,
    hypothesis: Hypothesis,
    model: Model,
    physics: PhysicsConfig,
    progress: Progress | None = None,
) -> np.ndarray:
    """The same weights by the ``vegas`` package, one event and assignment at a time, climbing the same ladder."""
    dim, integrand = hypothesis.integrand(Options.from_physics(physics))
    settings = physics.integration
    compiled = jax.jit(lambda u, observed, model: integrand(u, observed, model))
    n = len(event_ids)
    bad = ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)
    value, error, chi2, dof = (np.zeros((n, 2)) for _ in range(4))
    n_eval = np.zeros(n, dtype=np.int64)
    for i in np.flatnonzero(~bad):
        for budget in _budgets(settings.n_eval, LEAST_OF_REFERENCE):
            for a in range(2):
                one = jax.tree.map(jnp.asarray, (observed if a == 0 else observed.swapped()).take(i))
                result = reference.integrate(
                    partial(compiled, observed=one, model=model),
                    dim,
                    budget,
                    points.stream(settings.seed, int(event_ids[i]), hypothesis.label, a, budget),
                    settings.iterations,
                )
                value[i, a], error[i, a], chi2[i, a], dof[i, a] = result[:4]
                n_eval[i] += result.n_eval
            if np.hypot(*error[i]) <= settings.relative_accuracy * abs(value[i].sum()):
                break
        if progress is not None:
            progress(int(i) + 1, n)
    return make_results(
        value, error, chi2.sum(axis=1), dof.sum(axis=1), n_eval, settings.relative_accuracy, bad
    )


class Inputs(NamedTuple):
    """What the weights of some events start from."""

    pdf: PdfSet
    detector: Detector
    observed: Observed
    event_ids: np.ndarray
    """[n]: they seed the random numbers."""


def inputs(events: ak.Array, physics: PhysicsConfig, kind: str) -> Inputs:
    """Parton densities and detector of a configuration for one kind of hypothesis, and events as it observes them."""
    detector = detector_from_config(physics.detector, physics.efficiency, kind)
    return Inputs(
        load_pdf(physics.pdf.set, physics.pdf.member),
        detector,
        observed_events(events, detector, physics.sqrt_s),
        np.asarray(events["event"], dtype=np.int64),
    )


def observed_events(events: ak.Array, detector: Detector, sqrt_s: float = SQRT_S) -> Observed:
    """Observed arrays of events in the schema; events that fail validation are filled with NaN.

    ``sqrt_s`` (GeV): no event can have more energy than the two protons.
    """
    seen = visible(events)
    bad = bad_input(events, sqrt_s)
    momentum = np.sqrt(np.maximum(seen.energy**2 - seen.mass**2, 0.0))
    # a rejected event may hold anything: a harmless row goes through the arithmetic, then NaN marks it
    energy, momentum, k_rec = (
        np.where(bad.reshape((-1,) + (1,) * (a.ndim - 1)), 50.0, a)
        for a in (seen.energy, momentum, seen.k_rec)
    )
    observed = observe(energy, seen.direction, momentum, k_rec, seen.is_muon, detector)
    return jax.tree.map(lambda a: np.where(bad, np.nan, a), observed)


def physics_config(config: Any) -> PhysicsConfig:
    """A PhysicsConfig from what :func:`weigh` accepts."""
    if config is None:
        return PhysicsConfig()
    if isinstance(config, PhysicsConfig):
        return config
    if isinstance(getattr(config, "physics", None), PhysicsConfig):
        return config.physics
    if isinstance(config, Mapping):
        if "physics" in config:
            return load_config(config).physics
        try:
            return PhysicsConfig.model_validate(dict(config))
        except ValidationError as error:
            load_config({"physics": dict(config)})  # raises, key by key, with the nearest names
            raise ConfigError(f"config: {error}") from None
    raise ConfigError(
        "config: a PhysicsConfig, a Config, a mapping of the keys of either or None is needed, "
        f"not {type(config).__name__}"
    )


__all__ = [
    "batched_integrator",
    "fallback",
    "inputs",
    "observed_events",
    "physics_config",
    "weigh",
    "weigh_batched",
    "weigh_mass_points",
    "weigh_reference",
]
