"""One-dimensional maps: Jacobian = autodiff, round trips, normalised densities, finite gradients at the
edges.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from momentax.maps import BreitWigner, Log, Mixture, PowerLaw, StudentT4, Uniform
from momentax.maps.student import quantile_of_tail, upper_tail

MAPS = {
    "uniform": Uniform(1.0, 3.0),
    "log": Log(0.1, 7.0),
    "power -2": PowerLaw(0.1, 7.0, -2.0),
    "power 1.5": PowerLaw(0.1, 7.0, 1.5),
    "Z": BreitWigner(91.1876, 2.4952),
    "2 MeV wide A": BreitWigner(300.0, 0.002),
    "Z, above the pole": BreitWigner(91.0, 2.5, 1e4, 1e6),
    "wide, below the pole": BreitWigner(500.0, 10.0, 100.0, 9e3),
    "student": StudentT4(50.0, 10.0),
    "student above 5": StudentT4(50.0, 10.0, 5.0),
    "student window": StudentT4(50.0, 10.0, 100.0, 200.0),
    "student far tail": StudentT4(-500.0, 1.0, 5.0),
    "student low window": StudentT4(50.0, 10.0, 0.0, 2.0),
}


@pytest.mark.parametrize("name", MAPS)
def test_jacobian_density_and_round_trip(name):
    mapping = MAPS[name]
    u = jnp.asarray(np.random.default_rng(1).random(1000))
    x, jacobian = mapping.forward(u)
    derivative = jax.vmap(jax.grad(lambda v: mapping.forward(v)[0]))(u)
    # 2e-11: the pole of a resonance of relative width 1e-5 costs five digits of s - m^2
    np.testing.assert_allclose(jacobian, derivative, rtol=2e-11)
    np.testing.assert_allclose(mapping.density(x) * jacobian, 1.0, rtol=1e-13)
    np.testing.assert_allclose(mapping.inverse(x), u, rtol=0, atol=1e-11)
    assert mapping.dim == 1


@pytest.mark.parametrize("name", MAPS)
def test_edges_are_finite(name):
    mapping = MAPS[name]
    for u in (0.0, 1.0):
        x, jacobian = mapping.forward(jnp.float64(u))
        assert jnp.isfinite(x) and jnp.isfinite(jacobian)
        assert jnp.isfinite(jax.grad(lambda v: mapping.forward(v)[0])(u))


def test_breit_wigner_gradient_in_its_parameters():
    grad = jax.grad(lambda m, g: BreitWigner(m, g, 10.0).forward(0.3)[0], argnums=(0, 1))(90.0, 2.0)
    step = 1e-5
    numeric = (
        BreitWigner(90.0 + step, 2.0, 10.0).forward(0.3)[0]
        - BreitWigner(90.0 - step, 2.0, 10.0).forward(0.3)[0]
    ) / (2 * step)
    np.testing.assert_allclose(grad[0], numeric, rtol=1e-6)
    assert np.isfinite(grad[1])


@pytest.mark.parametrize("name", ["uniform", "log", "power 1.5", "student window", "wide, below the pole"])
def test_density_integrates_to_one_and_vanishes_outside(name):
    mapping = MAPS[name]
    lo, hi = (float(mapping.forward(jnp.float64(u))[0]) for u in (0.0, 1.0))
    total, _ = scipy.integrate.quad(lambda x: float(mapping.density(x)), lo, hi, epsrel=1e-9)
    assert total == pytest.approx(1.0, rel=1e-8)
    assert mapping.density(lo - 1e-3) == 0.0 and mapping.density(hi + 1e-3) == 0.0


def test_student_is_scipys():
    q = np.array([1e-25, 1e-12, 1e-3, 0.2, 0.4, 0.5])
    np.testing.assert_allclose(quantile_of_tail(q[:-1]), scipy.stats.t(4).isf(q[:-1]), rtol=1e-13)
    assert quantile_of_tail(0.5) == 0.0
    np.testing.assert_allclose(upper_tail(quantile_of_tail(q)), q, rtol=1e-14)
    x = np.linspace(-30.0, 130.0, 50)
    np.testing.assert_allclose(StudentT4(50.0, 10.0).density(x), scipy.stats.t(4, 50, 10).pdf(x), rtol=1e-13)


def test_broadcasting_fields():
    mapping = BreitWigner(jnp.array([91.0, 173.0])[:, None], jnp.array([2.5, 1.5])[:, None], 0.0)
    s, jacobian = jax.jit(lambda m, u: m.forward(u))(mapping, jnp.linspace(0.1, 0.9, 5))
    assert s.shape == jacobian.shape == (2, 5)


def mixture():
    parts = (BreitWigner(91.0, 2.5, 100.0, 4e4), Uniform(100.0, 4e4))
    return Mixture(parts, jnp.array([0.7, 0.3]))


def test_mixture_density_is_the_weighted_sum_and_normalised():
    m = mixture()
    total, _ = scipy.integrate.quad(lambda s: float(m.density(s)), 100.0, 4e4, points=[91.0**2], limit=200)
    assert total == pytest.approx(1.0, rel=1e-7)
    u = np.random.default_rng(2).random((2, 500))
    s, jacobian = m.forward(u[0], u[1])
    np.testing.assert_allclose(jacobian * m.density(s), 1.0, rtol=1e-13)
    expected = np.where(u[0] < 0.7, m.components[0].forward(u[1])[0], m.components[1].forward(u[1])[0])
    np.testing.assert_array_equal(s, expected)


def test_mixture_integrates_a_narrow_peak_on_a_plateau():
    # a Lorentzian plus a constant: neither component alone has bounded weights for it
    def integrand(s):
        return 1e4 / ((s - 91.0**2) ** 2 + (91.0 * 2.5) ** 2) + 1e-3

    u = np.random.default_rng(3).random((2, 100_000))
    s, jacobian = mixture().forward(u[0], u[1])
    values = np.asarray(integrand(s) * jacobian)
    exact, _ = scipy.integrate.quad(integrand, 100.0, 4e4, points=[91.0**2], limit=200)
    error = values.std() / len(values) ** 0.5
    assert error < 2e-3 * exact
    assert abs(values.mean() - exact) < 4 * error  # 4 sigma, fixed seed
