"""Likelihood of events over a plane of mass points, with the position of its minimum: a test of the detector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from momentax.config import PhysicsConfig
from momentax.regress.targets import mass_points
from momentax.scan.config import PlaneConfig, ScanConfig
from momentax.scan.likelihood import Likelihood, event_terms, likelihood, save_likelihood
from momentax.scan.minimum import Minimum, quadratic_minimum
from momentax.scan.surface import Surface, visible_surface
from momentax.weight import weigh_mass_points

Progress = Callable[[str, int, int], None]
Log = Callable[[str], None]
_default_log: Log = logging.getLogger("momentax.scan").info


class PlaneScan(NamedTuple):
    """Likelihood at the points of a plane, the minimum between them, and the surface of sigma_vis."""

    likelihood: Likelihood
    minimum: Minimum
    surface: Surface


def scan_plane(
    events: ak.Array,
    physics: PhysicsConfig,
    selection: Mapping[str, Any],
    plane: PlaneConfig | None = None,
    config: ScanConfig | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> PlaneScan:
    """-ln W + ln sigma_vis of ``events`` over the plane: one table an event serves all its mass points.

    ``selection`` is what the events have passed. sigma_vis follows from the built-in generator with the detector of
    ``physics`` (`momentax.scan.surface`). Raises InputError where the lowest point lies so close to the border that no
    paraboloid can be fitted.
    """
    plane, config = plane or PlaneConfig(), config or ScanConfig()
    report = progress or (lambda what, done, total: None)
    labels = [f"hza_{m_h:g}_{m_a:g}" for m_h, m_a in plane.points()]
    surface = visible_surface(
        plane.nodes(), physics, selection, plane.n_trials, seed, lambda *n: report("nodes of sigma_vis", *n)
    )
    weights = weigh_mass_points(events, labels, physics, lambda *n: report("events", *n))
    sigma = dict(zip(labels, np.stack(surface.at(mass_points(labels)), axis=1).tolist(), strict=True))
    terms = event_terms(weights, sigma, config)
    minimum = quadratic_minimum(terms.points, terms.terms, plane.fit_points, config.bootstrap, config.seed)
    return PlaneScan(likelihood(weights, sigma, config), minimum, surface)


def save_plane(path: str | Path, scan: PlaneScan, facts: Mapping[str, Any], log: Log = _default_log) -> None:
    """Write ``path`` (.csv) and beside it .json, as :func:`momentax.scan.likelihood.save_likelihood`."""
    minimum = scan.minimum.to_dict()
    about = {
        "fitted_minimum": minimum,
        "sigma_vis_surface_chi2": [scan.surface.chi2, scan.surface.degrees],
        **facts,
    }
    save_likelihood(path, scan.likelihood, about)
    log(
        f"minimum at mH = {minimum['mH']:.1f} +- {minimum['mH_error']:.1f}, "
        f"mA = {minimum['mA']:.1f} +- {minimum['mA_error']:.1f} GeV from {scan.likelihood.n_events} events"
        + ("" if minimum["interior"] else " (extrapolated beyond the points of the fit)")
    )
