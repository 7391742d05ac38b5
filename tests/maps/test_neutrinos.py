"""The neutrino ellipse and block D: constraints, completeness, Jacobian, double roots."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configurations import MB, ellipses, top_invariants, top_pairs

from momentax.kinematics import FourVector, dot
from momentax.maps import BlockD, NeutrinoEllipse, smallest_top_mass2
from momentax.maps.quartic import TrigPolynomial, real_zeros

S = 13000.0**2


@jax.jit
def solve(event, invariants):
    _, nu, _, _, nubar, _ = event
    return BlockD(S, *ellipses(event, invariants), nu.x + nubar.x, nu.y + nubar.y).forward()


def test_trigonometric_polynomials_with_known_zeros():
    """Products sin((phi-a)/2) sin((phi-b)/2) sin((phi-c)/2) sin((phi-d)/2) have four zeros, also near pi."""
    rng = np.random.default_rng(1)
    roots = np.sort(rng.uniform(-np.pi, np.pi, (4, 5000)), axis=0)
    phi = 2 * np.pi * np.arange(5)[:, None] / 5
    samples = np.prod([np.sin(0.5 * (phi - r)) for r in roots], axis=0)
    harmonics = np.fft.rfft(samples, axis=0) / 5
    f = TrigPolynomial(
        *map(
            jnp.asarray,
            (
                harmonics[0].real,
                2 * harmonics[1].real,
                -2 * harmonics[1].imag,
                2 * harmonics[2].real,
                -2 * harmonics[2].imag,
            ),
        )
    )
    c, s, real = real_zeros(f)
    found = np.arctan2(s, c)
    gap = np.min(np.diff(np.concatenate([roots, roots[:1] + 2 * np.pi]), axis=0), axis=0)
    isolated = gap > 1e-3
    assert np.all(np.asarray(real)[:, isolated])
    assert isolated.mean() > 0.99
    distance = np.min(np.abs((found[:, None] - roots[None] + np.pi) % (2 * np.pi) - np.pi), axis=0)
    assert np.max(distance[:, isolated]) < 1e-6 and np.median(distance) < 1e-14


def test_polynomials_without_or_with_two_zeros():
    one = jnp.ones(1)
    *_, real = real_zeros(TrigPolynomial(2 * one, one * 0.5, 0 * one, 0.3 * one, 0.1 * one))
    assert not np.any(real)
    c, _, real = real_zeros(TrigPolynomial(0 * one, one, 0 * one, 0 * one, 0 * one))  # cos(phi)
    assert np.sum(real) == 2
    np.testing.assert_allclose(np.asarray(c)[np.asarray(real)], 0.0, atol=1e-12)


def test_ellipse_contains_the_neutrino_and_only_solutions():
    event = top_pairs(20_000, 2)
    invariants = top_invariants(event)
    ellipse = ellipses(event, invariants)[0]
    lp, nu, b = event[:3]
    assert np.all(ellipse.valid)
    again, jacobian = ellipse.forward(ellipse.inverse(nu))
    distance = np.max(np.abs((again - nu).stack()), axis=-1) / np.asarray(nu.e)
    assert np.quantile(distance, 0.999) < 1e-8
    u = np.random.default_rng(3).random(20_000)
    other, _ = ellipse.forward(u)
    np.testing.assert_allclose(2 * dot(other, lp), invariants[0], rtol=1e-9)
    np.testing.assert_allclose((other + lp + b).mass2, invariants[1], rtol=1e-7)
    assert np.quantile(np.abs(other.mass2) / np.asarray(other.e) ** 2, 0.999) < 1e-8
    assert np.all(np.asarray(other.e) > 0)
    np.testing.assert_allclose(ellipse.density(other) * jacobian, 1.0, rtol=1e-14)
    np.testing.assert_allclose(ellipse.inverse(other), u, atol=1e-6)


def test_ellipse_jacobian_is_autodiff():
    lp, nu, b = (FourVector(*(f[:300] for f in p)) for p in top_pairs(300, 4)[:3])
    s_w = 2 * dot(nu, lp)
    s_t = s_w + MB**2 + 2 * dot(lp + nu, b)
    u = NeutrinoEllipse.from_masses(lp, b, s_w, s_t, 0.0, MB**2).inverse(nu)

    def momentum(v, lp, b):
        p, _ = NeutrinoEllipse.from_masses(lp, b, v[0], v[1], 0.0, MB**2).forward(v[2])
        return jnp.stack([p.x, p.y, p.z])

    matrix = jax.vmap(jax.jacfwd(momentum))(jnp.stack([s_w, s_t, u], -1), lp, b)
    jacobian = NeutrinoEllipse.from_masses(lp, b, s_w, s_t, 0.0, MB**2).jacobian()
    np.testing.assert_allclose(np.abs(np.linalg.det(matrix)) / (2 * nu.e), jacobian, rtol=1e-6)


def test_ellipses_begin_at_the_smallest_top_mass():
    lp, _, b = (FourVector(*(f[:1000] for f in p)) for p in top_pairs(1000, 6)[:3])
    s_w = jnp.asarray(np.random.default_rng(7).uniform(40.0, 120.0, 1000) ** 2)
    least = smallest_top_mass2(lp, b, s_w, MB**2)
    assert np.all(NeutrinoEllipse.from_masses(lp, b, s_w, least * (1 + 1e-6), 0.0, MB**2).valid)
    assert not np.any(NeutrinoEllipse.from_masses(lp, b, s_w, least * (1 - 1e-6), 0.0, MB**2).valid)


def test_ellipse_that_is_not_real_has_no_weight_and_finite_gradients():
    lp, _, b = (FourVector(*(f[:10] for f in p)) for p in top_pairs(10, 5)[:3])

    def total(s_t):
        nu, jacobian = NeutrinoEllipse.from_masses(lp, b, 80.0**2, s_t, 0.0, MB**2).forward(0.3)
        return jnp.sum(nu.z) + jnp.sum(jacobian)

    for s_t in (50.0**2, 80.0**2):
        assert not np.any(NeutrinoEllipse.from_masses(lp, b, 80.0**2, s_t, 0.0, MB**2).valid)
        assert np.isfinite(jax.grad(total)(s_t))


@pytest.mark.parametrize("mean_excess", [0.5, 20.0])
def test_block_d_finds_the_true_pair(mean_excess):
    """100,000 random top pairs, near threshold or boosted: the true pair is always among the solutions."""
    event = top_pairs(100_000, 6, mean_excess)
    _, nu, _, _, nubar, _ = event
    invariants = top_invariants(event)
    pairs = solve(event, invariants)
    valid = np.asarray(pairs.valid)
    assert set(np.unique(valid.sum(axis=0))) <= {2, 4}
    distance = sum(
        np.max(np.abs((found - true).stack()), axis=-1) / np.asarray(true.e)
        for found, true in ((pairs.nu, nu), (pairs.nubar, nubar))
    )
    distance = np.where(valid, distance, np.inf).min(axis=0)
    limit = 1e-5 if mean_excess < 1 else 1e-2  # near double roots the square root of the rounding is left
    assert distance.max() < limit
    assert np.quantile(distance, 0.999) < 1e-7
    assert not np.any(np.asarray(pairs.jacobian)[~valid])


def test_block_d_solutions_satisfy_the_constraints():
    event = top_pairs(100_000, 7)
    lp, nu, b, lm, nubar, bbar = event
    invariants = top_invariants(event)
    pairs = solve(event, invariants)
    valid = np.asarray(pairs.valid)
    scale = np.asarray(pairs.nu.e + pairs.nubar.e)
    residuals = [
        2 * dot(pairs.nu, lp) / invariants[0] - 1,
        (pairs.nu + lp + b).mass2 / invariants[1] - 1,
        2 * dot(pairs.nubar, lm) / invariants[2] - 1,
        (pairs.nubar + lm + bbar).mass2 / invariants[3] - 1,
        (pairs.nu.x + pairs.nubar.x - nu.x - nubar.x) / scale,
        (pairs.nu.y + pairs.nubar.y - nu.y - nubar.y) / scale,
    ]
    for residual in residuals:
        size = np.abs(np.asarray(residual))[valid]
        assert np.median(size) < 2e-15 and np.quantile(size, 0.9999) < 2e-9 and size.max() < 1e-7
    for neutrino in (pairs.nu, pairs.nubar):
        shell = np.abs(np.asarray(neutrino.mass2 / neutrino.e**2))[valid]
        assert np.quantile(shell, 0.9999) < 1e-8


def test_block_d_jacobian_is_that_of_the_six_constraints():
    """J = (2 pi)^4/((2 pi)^6 4 E1 E2) (2/s)/|d(s13, s134, s25, s256, x, y)/d(nu, nubar)| by autodiff."""
    event = top_pairs(500, 8)
    lp, nu, b, lm, nubar, bbar = event

    def constraints(q, lp, b, lm, bbar):
        k1 = FourVector(jnp.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2), q[0], q[1], q[2])
        k2 = FourVector(jnp.sqrt(q[3] ** 2 + q[4] ** 2 + q[5] ** 2), q[3], q[4], q[5])
        return jnp.stack([*top_invariants((lp, k1, b, lm, k2, bbar)), k1.x + k2.x, k1.y + k2.y])

    q = jnp.stack([nu.x, nu.y, nu.z, nubar.x, nubar.y, nubar.z], axis=-1)
    matrix = jax.vmap(jax.jacfwd(constraints))(q, lp, b, lm, bbar)
    expected = (2 * np.pi) ** -2 / (4 * nu.e * nubar.e) * (2 / S) / np.abs(np.linalg.det(matrix))
    pairs = solve(event, top_invariants(event))
    distance = jnp.where(pairs.valid, jnp.abs(pairs.nu.x - nu.x) + jnp.abs(pairs.nubar.z - nubar.z), jnp.inf)
    jacobian = np.take_along_axis(
        np.asarray(pairs.jacobian), np.asarray(jnp.argmin(distance, axis=0))[None], axis=0
    )[0]
    np.testing.assert_allclose(jacobian, expected, rtol=1e-6)
    assert np.median(np.abs(jacobian / expected - 1)) < 1e-12


def test_block_d_without_solution_and_gradients():
    event = top_pairs(50, 9)
    invariants = top_invariants(event)
    first, second = ellipses(event, invariants)
    far = BlockD(S, first, second, jnp.full(50, 1e5), jnp.zeros(50)).forward()
    assert not np.any(far.valid) and not np.any(far.jacobian)

    def total(x):
        pairs = BlockD(S, first, second, x, jnp.zeros(50)).forward()
        return jnp.sum(pairs.nu.z + pairs.nubar.e) + jnp.sum(pairs.jacobian)

    for x in (20.0, 1e5):
        assert np.isfinite(jax.grad(total)(jnp.full(50, x))).all()


def test_block_d_gradient_is_a_finite_difference():
    event = top_pairs(200, 10)
    first, second = ellipses(event, top_invariants(event))
    nu, nubar = event[1], event[4]
    x, y = nu.x + nubar.x, nu.y + nubar.y

    def z(x):
        pairs = BlockD(S, first, second, x, y).forward()
        return jnp.sum(jnp.where(pairs.valid, pairs.nu.z, 0.0), axis=0)

    tangent = jax.jvp(z, (x,), (jnp.ones(200),))[1]
    step = 1e-5
    numeric = (z(x + step) - z(x - step)) / (2 * step)
    regular = np.abs(np.asarray(tangent)) < 1e3
    assert regular.mean() > 0.9
    assert np.median(np.abs(numeric / tangent - 1)[regular]) < 1e-6
