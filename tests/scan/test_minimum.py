"""The minimum between mass points: found where it was put, with errors that hold, and refused where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from momentax.errors import InputError
from momentax.scan.config import PlaneConfig
from momentax.scan.minimum import quadratic_minimum

POINTS = np.array(PlaneConfig(mH=(460.0, 540.0, 10.0), mA=(260.0, 340.0, 10.0)).points())
TRUTH, SPREAD, CORRELATION = np.array([503.0, 296.0]), np.array([30.0, 25.0]), 0.6


def normal_terms(n: int, seed: int) -> np.ndarray:
    """-ln of a correlated normal density of (m_llbb, m_bb), [points, n]: the minimum of its mean is the sample mean."""
    covariance = np.outer(SPREAD, SPREAD) * np.array([[1.0, CORRELATION], [CORRELATION, 1.0]])
    seen = np.random.default_rng(seed).multivariate_normal(TRUTH, covariance, n)
    off = seen[None] - POINTS[:, None]
    return 0.5 * np.einsum("kni,ij,knj->kn", off, np.linalg.inv(covariance), off)


def test_minimum_of_a_normal_density_is_the_mean_of_the_sample():
    terms = normal_terms(400, 1)
    covariance = np.outer(SPREAD, SPREAD) * np.array([[1.0, CORRELATION], [CORRELATION, 1.0]])
    sample = np.random.default_rng(1).multivariate_normal(TRUTH, covariance, 400)
    found = quadratic_minimum(POINTS, terms)
    assert found.mass == pytest.approx(sample.mean(axis=0), abs=1e-6)
    assert found.error == pytest.approx(SPREAD / 20.0, rel=0.15)
    assert found.correlation == pytest.approx(CORRELATION, abs=0.15)
    assert (found.points_used, found.interior) == (12, True)
    assert np.abs(found.lowest - found.mass).max() <= 10.0


def test_errors_are_the_spread_of_repeated_samples():
    """60 samples: 9 % on the spread, so 30 % is more than three standard deviations."""
    found = [quadratic_minimum(POINTS, normal_terms(100, seed), replicas=60) for seed in range(60)]
    spread = np.std([f.mass for f in found], axis=0, ddof=1)
    assert spread == pytest.approx(np.mean([f.error for f in found], axis=0), rel=0.3)


def test_minimum_beyond_the_points_is_marked():
    found = quadratic_minimum(POINTS, normal_terms(400, 1))
    assert found.interior
    low = POINTS[:, 1] >= 310.0
    outside = quadratic_minimum(POINTS[low], normal_terms(400, 1)[low])
    assert not outside.interior
    assert outside.mass[1] == pytest.approx(found.mass[1], abs=0.5)


def test_no_bowl_and_too_few_points_are_refused():
    saddle = ((POINTS[:, 0] - 500) ** 2 - (POINTS[:, 1] - 300) ** 2)[:, None] + np.zeros(50)
    with pytest.raises(InputError, match="no bowl"):
        quadratic_minimum(POINTS, saddle)
    with pytest.raises(InputError, match="8 of 81 mass points"):
        quadratic_minimum(POINTS, normal_terms(50, 1), n_points=8)


def test_plane_leaves_out_closed_points_and_refuses_what_is_no_range():
    plane = PlaneConfig()
    assert all(m_h - m_a >= 100.0 for m_h, m_a in (*plane.points(), *plane.nodes()))
    assert (430.0, 330.0) in plane.points() and (430.0, 340.0) not in plane.points()
    assert len(plane.points()) == 15 * 15 - (1 + 2 + 3 + 4)
    with pytest.raises(ValueError, match="fewer than three values"):
        PlaneConfig(mH=(500.0, 510.0, 10.0))
    with pytest.raises(ValueError, match="closed in most of this plane"):
        PlaneConfig(mH=(330.0, 400.0, 10.0), mA=(260.0, 390.0, 10.0))
