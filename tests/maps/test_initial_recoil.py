"""Parton fractions and the sampled transverse momentum of the hard system."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from momentax.kinematics import FourVector
from momentax.maps import PartonFractions, RecoilMixture, parton_fractions, partons


def test_parton_fractions_jacobian_round_trip_density():
    mapping = PartonFractions(1e-4)
    u = jnp.asarray(np.random.default_rng(1).random((500, 2)))
    (x1, x2), jacobian = mapping.forward(u[:, 0], u[:, 1])
    matrix = jax.vmap(jax.jacfwd(lambda v: jnp.stack(mapping.forward(v[0], v[1])[0])))(u)
    np.testing.assert_allclose(jacobian, np.abs(np.linalg.det(matrix)), rtol=1e-10)
    np.testing.assert_allclose(jnp.stack(mapping.inverse(x1, x2), -1), u, atol=1e-10)
    np.testing.assert_allclose(mapping.density(x1, x2) * jacobian, 1.0, rtol=1e-11)
    assert mapping.density(0.5, 1.1) == mapping.density(1e-3, 1e-3) == 0.0
    assert mapping.dim == 2
    # the area of x1, x2 < 1 < x1 x2/tau_min is 1 - t + t ln t
    values = np.asarray(mapping.forward(*np.random.default_rng(2).random((2, 400_000)))[1])
    exact = 1 - 1e-4 + 1e-4 * np.log(1e-4)
    assert abs(values.mean() - exact) < 4 * values.std() / len(values) ** 0.5


def test_parton_fractions_edges_are_finite():
    for u in ((1.0, 0.5), (0.0, 0.0), (0.0, 1.0)):
        grad = jax.grad(lambda a, b: sum(PartonFractions(1e-4).forward(a, b)[0]), argnums=(0, 1))(*u)
        assert np.isfinite(grad).all()


def test_fractions_of_a_final_state():
    total = FourVector(*(jnp.float64(v) for v in (700.0, 30.0, -40.0, 250.0)))
    q1, q2 = parton_fractions(total, 13000.0)
    assert q1 * q2 * 13000.0**2 == pytest.approx(float(total.mass2), rel=1e-13)
    hard = np.sqrt(700.0**2 - 50.0**2)
    assert q1 - q2 == pytest.approx(2 * 250.0 / 13000.0, rel=1e-13)
    rest = FourVector(jnp.float64(hard), jnp.float64(0.0), jnp.float64(0.0), jnp.float64(250.0))
    plus, minus = partons(rest)
    assert plus.e == pytest.approx(float(q1) * 6500.0, rel=1e-13) and minus.z == pytest.approx(
        -float(q2) * 6500.0
    )
    assert plus.mass2 == minus.mass2 == 0.0


WEIGHTS, SIGMAS, SIGMA_U = jnp.array([0.5, 0.35, 0.15]), jnp.array([10.0, 30.0, 80.0]), 20.0
MEASURED = [(35.0, -20.0), (400.0, 10.0), (0.0, 0.0)]


def gaussian(r2, sigma):
    return np.exp(-0.5 * r2 / sigma**2) / (2 * np.pi * sigma**2)


@pytest.mark.parametrize("k_rec", MEASURED)
def test_recoil_posterior_is_prior_times_likelihood(k_rec):
    mixture, norm = RecoilMixture.posterior(WEIGHTS, SIGMAS, SIGMA_U, *k_rec)
    grid = np.linspace(-900.0, 900.0, 901)
    x, y = np.meshgrid(grid, grid)
    density = np.asarray(mixture.density(x, y))
    prior = sum(w * gaussian(x**2 + y**2, s) for w, s in zip(WEIGHTS, SIGMAS, strict=True))
    product = np.asarray(prior * gaussian((x - k_rec[0]) ** 2 + (y - k_rec[1]) ** 2, SIGMA_U))
    assert density.sum() * 4.0 == pytest.approx(
        1.0, rel=1e-9
    )  # bins of 2 GeV, trapezoid: exponentially accurate
    assert product.sum() * 4.0 == pytest.approx(float(norm), rel=1e-9)
    peak = density > 1e-12 * density.max()
    np.testing.assert_allclose((product / float(norm))[peak], density[peak], rtol=1e-9)


def test_recoil_sampling_follows_the_density():
    mixture, _ = RecoilMixture.posterior(WEIGHTS, SIGMAS, SIGMA_U, 35.0, -20.0)
    n = 200_000
    u = np.random.default_rng(3).random((2, n))
    (k_x, k_y), jacobian = mixture.forward(u[0], u[1])
    np.testing.assert_allclose(jacobian * mixture.density(k_x, k_y), 1.0, rtol=1e-14)
    # an integral that does not follow the density: a disc of 35 GeV around a shifted point, area pi r^2
    disc = np.asarray(((k_x - 10.0) ** 2 + (k_y + 10.0) ** 2 < 35.0**2) * jacobian)
    error = disc.std() / n**0.5
    assert error < 0.02 * np.pi * 35.0**2
    assert abs(disc.mean() - np.pi * 35.0**2) < 4 * error
    mean = float(jnp.sum(mixture.weights * mixture.mean_x))
    assert abs(float(k_x.mean()) - mean) < 4 * float(k_x.std()) / n**0.5


def test_recoil_jacobian_inside_one_component_is_autodiff():
    one = RecoilMixture(*(jnp.array([v]) for v in (1.0, 12.0, -7.0, 25.0)))
    u = jnp.asarray(np.random.default_rng(4).random((300, 2)))
    matrix = jax.vmap(jax.jacfwd(lambda v: jnp.stack([k for k in one.forward(v[0], v[1])[0]])))(u)
    np.testing.assert_allclose(one.forward(u[:, 0], u[:, 1])[1], np.abs(np.linalg.det(matrix)), rtol=1e-9)


def test_recoil_edges_and_batches():
    mixture, norm = RecoilMixture.posterior(
        WEIGHTS, SIGMAS, SIGMA_U, jnp.array([0.0, 3000.0]), jnp.array([5.0, 0.0])
    )
    assert norm.shape == (2,) and mixture.weights.shape == (3, 2)
    np.testing.assert_allclose(mixture.weights.sum(axis=0), 1.0, rtol=1e-14)
    for u in (0.0, 1.0):
        (k_x, _), jacobian = mixture.forward(jnp.full(2, u), 0.25)
        grad = jax.grad(lambda v: jnp.sum(mixture.forward(v, 0.25)[0][0]))(jnp.full(2, u))
        assert np.isfinite(k_x).all() and np.isfinite(jacobian).all() and np.isfinite(grad).all()
