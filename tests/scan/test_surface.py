"""sigma_vis over the plane: exact for its own form, within its error between nodes of the generator."""

from __future__ import annotations

import numpy as np
import pytest

from momentax.config import PhysicsConfig, SelectionConfig
from momentax.errors import InputError
from momentax.processes.thdm import two_higgs_doublet
from momentax.scan.config import PlaneConfig
from momentax.scan.surface import branching_ratios, fit_surface, visible_surface
from momentax.simulate import visible_cross_section

PLANE = PlaneConfig()
THDM = (1.5, 0.01)


def test_branching_ratios_are_those_of_the_model_and_fall_above_the_top_threshold():
    found = branching_ratios(np.array([(500.0, 300.0), (500.0, 340.0), (500.0, 360.0)]), *THDM)
    model = two_higgs_doublet(500.0, 300.0)
    assert found[0] == pytest.approx(
        model.partial_h.za / model.partial_h.total * model.partial_a.bb / model.partial_a.total
    )
    # A -> t tbar opens at 345 GeV: a polynomial of degree 3 could not follow
    assert found[2] < 0.2 * found[1]


def test_surface_returns_what_it_was_made_of():
    nodes = np.array(PLANE.nodes())
    m_h, m_a = nodes.T
    momentum = np.sqrt(((m_h - m_a) ** 2 - 91.1876**2) * ((m_h + m_a) ** 2 - 91.1876**2)) / (2.0 * m_h)
    x, y = np.log(m_h / 500.0), np.log(momentum / 150.0)
    sigma = np.exp(-7.0 - 2.0 * x + 0.5 * y + 3.0 * x * x - x * y) * branching_ratios(nodes, *THDM)
    surface = fit_surface(nodes, np.stack([sigma, 0.01 * sigma], axis=1), THDM)
    assert surface.at(nodes)[0] == pytest.approx(sigma, rel=1e-9)
    assert surface.chi2 < 1e-12 and surface.degrees == len(nodes) - 10
    assert np.all(surface.at(nodes)[1] < 0.011 * sigma)
    with pytest.raises(InputError, match="at least 13"):
        fit_surface(nodes[:12], np.ones((12, 2)), THDM)
    with pytest.raises(InputError, match="nothing passes"):
        fit_surface(nodes, np.zeros((len(nodes), 2)), THDM)


@pytest.mark.proof
def test_surface_between_the_nodes_of_the_generator():
    """Three points that are no nodes, two of them by a threshold: within 4 standard deviations."""
    physics, cuts = PhysicsConfig(), SelectionConfig().model_dump()
    surface = visible_surface(PLANE.nodes(), physics, cuts, n_trials=50_000)
    assert surface.chi2 < 4.0 * surface.degrees
    points = np.array([(500.0, 300.0), (540.0, 355.0), (440.0, 335.0)])
    value, error = surface.at(points)
    for (m_h, m_a), v, e in zip(points, value, error, strict=True):
        direct, direct_error = visible_cross_section(
            f"hza_{m_h:g}_{m_a:g}", cuts, physics, n_trials=50_000, seed=2
        )
        assert abs(v - direct) < 4.0 * np.hypot(e, direct_error)
