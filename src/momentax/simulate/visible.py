"""Cross section of a hypothesis after selection and efficiency, from weighted trials of the built-in generator."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from momentax.config import PhysicsConfig
from momentax.pdf import PdfSet
from momentax.processes import Hypothesis
from momentax.simulate.generate import Cuts, sampler_of, selection_of
from momentax.simulate.sampler import Sampler
from momentax.simulate.unweight import context, differential_weights, run_trials, selected
from momentax.transfer import Detector


class CrossSections(NamedTuple):
    """sigma_vis = sigma x acceptance x efficiency and its factors, each with its standard deviation.

    Cross sections in pb, of one pair of lepton flavours (averaged over the flavours where these differ).
    """

    sigma: float
    """With the parton-level cuts that define the hypothesis, if any."""
    sigma_error: float
    acceptance: float
    """Share that passes the selection."""
    acceptance_error: float
    efficiency: float
    """Mean of epsilon(y) after the selection; 1 where the detector has none."""
    efficiency_error: float
    sigma_vis: float
    """From the trials alone: its error is not that of the product."""
    sigma_vis_error: float

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, and the unit of the cross sections."""
        return {**self._asdict(), "unit": "pb"}


def visible_cross_sections(
    hypothesis: str | Hypothesis | Sampler,
    selection: Cuts,
    physics: PhysicsConfig | None = None,
    *,
    n_trials: int = 200_000,
    seed: int = 1,
    lepton_flavours: str = "all",
    pdf: PdfSet | None = None,
    detector: Detector | None = None,
) -> CrossSections:
    """sigma_vis of a hypothesis and its factors: mean over ``n_trials`` weighted trials.

    ``selection`` may be a function of the trials, as :func:`momentax.simulate.partons.parton_filter` makes. Raises
    ConfigError and PhysicsError as :func:`momentax.simulate.train`.
    """
    sampler, cuts = sampler_of(hypothesis, physics, pdf, detector), selection_of(selection)
    given = context(sampler, seed, f"visible/{sampler.hypothesis.label}", lepton_flavours)
    points, jacobians, efficiencies = [], [], []
    for _, chunk in run_trials(sampler, given, np.arange(n_trials), np.zeros(n_trials, dtype=np.int64)):
        passed = np.flatnonzero(selected(chunk, cuts))
        points.append(np.asarray(chunk.u)[passed])
        jacobians.append(np.asarray(chunk.jacobian)[passed])
        efficiencies.append(np.asarray(chunk.efficiency)[passed])
    w = differential_weights(sampler, np.concatenate(points)) * np.concatenate(jacobians)
    seen = w * np.concatenate(efficiencies)
    (accepted, accepted_error), (visible, visible_error) = (_mean(v, n_trials) for v in (w, seen))
    efficiency = float(seen.sum() / w.sum()) if accepted > 0.0 else 0.0
    efficiency_error = (
        float(np.sqrt(np.sum((seen - efficiency * w) ** 2)) / w.sum()) if accepted > 0.0 else 0.0
    )
    acceptance, of_sigma = accepted / sampler.sigma_pb, sampler.sigma_error / sampler.sigma_pb
    return CrossSections(
        sampler.sigma_pb,
        sampler.sigma_error,
        acceptance,
        float(np.hypot(accepted_error / sampler.sigma_pb, acceptance * of_sigma)),
        efficiency,
        efficiency_error,
        visible,
        visible_error,
    )


def _mean(w: np.ndarray, n: int) -> tuple[float, float]:
    """(mean over ``n`` trials of which those with a weight are given, its standard deviation)."""
    mean = float(w.sum()) / n
    return mean, float(np.sqrt((float(np.sum(w**2)) / n - mean**2) / n))


def visible_cross_section(
    hypothesis: str | Hypothesis | Sampler,
    selection: Cuts,
    physics: PhysicsConfig | None = None,
    **settings: Any,
) -> tuple[float, float]:
    """(sigma_vis, standard deviation) in pb; arguments as of :func:`visible_cross_sections`."""
    found = visible_cross_sections(hypothesis, selection, physics, **settings)
    return found.sigma_vis, found.sigma_vis_error


__all__ = ["CrossSections", "visible_cross_section", "visible_cross_sections"]
