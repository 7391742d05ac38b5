"""The recoil of the hard system, and detectors made of configuration."""

import jax
import numpy as np
import pytest
from scipy.stats import kstest

from momentax.config import DetectorConfig
from momentax.errors import ConfigError
from momentax.transfer import (
    RECOIL_PRESETS,
    BinnedTransfer,
    GaussianTransfer,
    default_detector,
    detector_from_config,
    recoil_model,
)
from momentax.transfer.recoil import make_recoil


def disc(radius_max, shells=4000):
    """Radii and the areas of rings: any isotropic density integrates with them."""
    node, weight = np.polynomial.legendre.leggauss(4)
    edges = np.linspace(0.0, radius_max, shells + 1)
    width = np.diff(edges)[:, None]
    radius = (edges[:-1, None] + 0.5 * (node + 1) * width).ravel()
    return radius, (0.5 * weight * width).ravel() * 2 * np.pi * radius


@pytest.mark.parametrize("preset", RECOIL_PRESETS)
def test_densities_are_normalised(preset):
    model = recoil_model(preset)
    radius, area = disc(3000.0)
    for function in (model.g, model.n2):
        assert np.sum(area * np.asarray(function(radius, 0.0))) == pytest.approx(1.0, abs=1e-10)
        # isotropic
        np.testing.assert_allclose(function(30.0, 40.0), function(-50.0, 0.0), rtol=1e-14)


def test_builtin_numbers():
    """DESIGN's definition: weights 0.5, 0.35, 0.15 with 10, 30, 80 GeV, sigma_u 20 GeV, c 0."""
    model = default_detector().recoil
    at_zero = sum(w / (2 * np.pi * s**2) for w, s in ((0.5, 10.0), (0.35, 30.0), (0.15, 80.0)))
    assert float(model.g(0.0, 0.0)) == pytest.approx(at_zero, rel=1e-14)
    assert float(model.n2(20.0, 0.0)) == pytest.approx(np.exp(-0.5) / (2 * np.pi * 400.0), rel=1e-14)
    assert float(model.c) == 0.0


@pytest.mark.parametrize("to", [(0.0, 0.0), (40.0, -30.0), (180.0, 120.0)])
def test_moments_of_the_true_recoil(to):
    """Against sums over a grid of 1 GeV."""
    model = recoil_model("showered_ttbar")
    k = np.arange(-600.0, 601.0)
    density = np.asarray(model.g(k[:, None], k) * model.n2(to[0] - k[:, None], to[1] - k))
    density = density / density.sum()
    x, y = (density.sum(axis=1) * k).sum(), (density.sum(axis=0) * k).sum()
    spread = (density * ((k[:, None] - x) ** 2 + (k - y) ** 2)).sum() / 2
    np.testing.assert_allclose(model.moments(*map(np.asarray, to)), (x, y, spread), rtol=1e-6, atol=1e-9)


def test_moments_of_a_recoil_far_beyond_every_component():
    """No component has a density there: the widest one decides."""
    x, y, variance = recoil_model("builtin").moments(np.asarray(1e5), np.asarray(0.0))
    wide = 80.0**2 / (80.0**2 + 20.0**2)
    np.testing.assert_allclose((x, y, variance), (wide * 1e5, 0.0, wide * 400.0), rtol=1e-12)


def test_sample_kt_follows_g():
    """Kolmogorov-Smirnov of radius and azimuth, 50,000 points, fixed seed; fails by chance in 0.1 % of
    seeds.
    """
    model = recoil_model()
    kx, ky = map(np.asarray, jax.jit(model.sample_kt)(np.random.default_rng(7).random((50_000, 3))))

    def radial(r):
        pairs = zip(model.weights, model.sigmas, strict=True)
        return sum(float(w) * -np.expm1(-0.5 * (r / float(s)) ** 2) for w, s in pairs)

    assert kstest(np.hypot(kx, ky), radial).pvalue > 1e-3
    assert kstest(np.arctan2(ky, kx) / (2 * np.pi) % 1.0, "uniform").pvalue > 1e-3


def test_errors():
    with pytest.raises(ConfigError, match="'showered_tt' is unknown; did you mean 'showered_ttbar'"):
        recoil_model("showered_tt")
    with pytest.raises(ConfigError, match="2 weights and 1 sigmas"):
        make_recoil((0.5, 0.5), (10.0,), 20.0, 0.0)
    with pytest.raises(ConfigError, match=r"sum to 1, not 0.9"):
        make_recoil((0.5, 0.4), (10.0, 20.0), 20.0, 0.0)
    with pytest.raises(ConfigError, match="must be > 0 GeV"):
        make_recoil((1.0,), (10.0,), 0.0, 0.0)


def test_detector_of_the_default_configuration():
    made, default = detector_from_config(DetectorConfig()), default_detector()
    for a, b in zip(jax.tree.leaves(made), jax.tree.leaves(default), strict=True):
        np.testing.assert_array_equal(a, b)
    assert isinstance(made.bjet, GaussianTransfer)
    binned = detector_from_config(DetectorConfig(kind="binned"))
    assert all(isinstance(t, BinnedTransfer) for t in binned[:3])
