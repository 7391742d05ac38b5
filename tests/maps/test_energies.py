"""Energies from invariant masses at fixed directions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configurations import MB, hza_events, unit

from momentax.maps import MassivePair, MasslessPair, PairWithSpectator, one_minus_cos


def random_pairs(n, seed, mass):
    rng = np.random.default_rng(seed)
    return (
        rng.uniform(mass + 0.3, 200.0, n),
        rng.uniform(mass + 0.01, 200.0, n),
        0.5 * rng.uniform(0.01, 2.0, n) ** 2,
    )


def test_one_minus_cos_of_near_directions():
    n1, n2 = (jnp.sin(0.5), jnp.cos(0.5), 0.0), (jnp.sin(0.5 + 1e-7), jnp.cos(0.5 + 1e-7), 0.0)
    assert one_minus_cos(n1, n2) == pytest.approx(0.5e-14, rel=1e-8)


def test_massless_pair():
    e1, e2, w = random_pairs(1000, 1, 0.0)
    pair = MasslessPair(e1, w)
    s = pair.inverse(e2)
    np.testing.assert_allclose(s, 2 * e1 * e2 * w, rtol=1e-15)
    back, jacobian = pair.forward(s)
    np.testing.assert_allclose(back, e2, rtol=1e-14)
    np.testing.assert_allclose(jacobian * pair.density(back), 1.0, rtol=1e-14)


def test_massive_pair_finds_the_energy_and_only_solutions():
    e1, e2, w = random_pairs(20_000, 2, MB)
    pair = MassivePair(e1, w, MB)
    s = pair.inverse(e2)
    solutions = pair.forward(s)
    distance = np.min(
        [np.where(v, abs(e - e2) / e2, 9.0) for e, v in zip(solutions.e2, solutions.valid, strict=True)],
        axis=0,
    )
    assert distance.max() < 1e-8 and np.quantile(distance, 0.999) < 1e-12
    for e, valid, jacobian in zip(solutions.e2, solutions.valid, solutions.jacobian, strict=True):
        assert valid.any()
        np.testing.assert_allclose(np.asarray(pair.inverse(e) / s)[valid], 1.0, rtol=1e-12)
        np.testing.assert_allclose(np.asarray(jacobian * pair.density(e))[valid], 1.0, rtol=1e-7)
        assert not np.any(np.asarray(jacobian)[~valid])


def test_massive_pair_solution_count():
    # cos > 0 and A < m E1: two energies; far above threshold one; below threshold none
    pair = MassivePair(jnp.float64(50.0), jnp.float64(0.1), MB)
    p1 = np.sqrt(50.0**2 - MB**2)
    threshold = 2 * MB**2 + 2 * MB * np.sqrt(MB**2 + p1**2 * 0.1 * 1.9)
    for s, expected in ((threshold - 1.0, 0), (threshold + 1.0, 2), (2 * MB**2 + 2 * MB * 50.0 + 1.0, 1)):
        assert sum(bool(v) for v in pair.forward(s).valid) == expected


def test_massive_pair_jacobian_is_autodiff_and_gradients_are_finite():
    e1, e2, w = random_pairs(500, 3, MB)
    s = MassivePair(e1, w, MB).inverse(e2)
    derivative = jax.vmap(jax.grad(lambda e, a, b: MassivePair(a, b, MB).inverse(e)))(jnp.asarray(e2), e1, w)
    np.testing.assert_allclose(MassivePair(e1, w, MB).density(e2), np.abs(derivative), rtol=1e-9)
    for target in (s, jnp.zeros_like(s)):  # the second: below threshold
        grad = jax.vmap(jax.grad(lambda t, a, b: sum(MassivePair(a, b, MB).forward(t).e2)))(target, e1, w)
        assert np.isfinite(grad).all()


# (m_H, m_A, largest share of phase space that the Newton steps leave to another channel)
POINTS = [
    (500.0, 300.0, 0.002),
    (250.0, 50.0, 0.008),
    (800.0, 700.0, 0.003),
    (391.5, 300.0, 0.01),
    (3000.0, 2000.0, 0.002),
]


@pytest.mark.parametrize(("m_h", "m_a", "lost"), POINTS)
def test_two_resonances_give_both_energies(m_h, m_a, lost):
    lp, lm, b, bbar = hza_events(m_h, m_a, 20_000, 4)
    solver = PairWithSpectator.from_directions(lp + lm, unit(b), unit(bbar), MB)
    s_bb, s_llbb = solver.inverse(b.e, bbar.e)
    np.testing.assert_allclose(s_bb, m_a**2, rtol=1e-10)
    np.testing.assert_allclose(s_llbb, m_h**2, rtol=1e-9)
    branches = solver.forward(s_bb, s_llbb)
    found = np.zeros(20_000, bool)
    for branch in branches:
        valid = np.asarray(branch.valid)
        found |= valid & (np.abs(branch.e1 - b.e) < 1e-5 * b.e)
        again = solver.inverse(branch.e1, branch.e2)
        np.testing.assert_allclose(np.asarray(again[0] / s_bb)[valid], 1.0, rtol=2e-10)
        np.testing.assert_allclose(np.asarray(again[1] / s_llbb)[valid], 1.0, rtol=2e-10)
        np.testing.assert_allclose(
            np.asarray(branch.jacobian * solver.density(branch.e1, branch.e2))[valid], 1.0, rtol=1e-3
        )
    assert np.mean(~found) < lost
    # density is non-zero exactly where forward returns the point
    np.testing.assert_array_equal(np.asarray(solver.density(b.e, bbar.e)) > 0, found)


def test_two_resonance_jacobian_is_autodiff():
    lp, lm, b, bbar = hza_events(500.0, 300.0, 1000, 5)
    solver = PairWithSpectator.from_directions(lp + lm, unit(b), unit(bbar), MB)
    fields = (*solver[:4], b.e, bbar.e)

    def invariants(z, q1, q2, w, e1, e2):
        return jax.jacfwd(lambda e: jnp.stack(PairWithSpectator(z, q1, q2, w, MB).inverse(e[0], e[1])))(
            jnp.stack([e1, e2])
        )

    matrix = jax.vmap(invariants)(*fields)
    density = np.asarray(solver.density(b.e, bbar.e))
    reached = density > 0
    np.testing.assert_allclose(density[reached], np.abs(np.linalg.det(matrix))[reached], rtol=1e-10)


def test_two_resonances_massless_closed_form():
    lp, lm, b, bbar = hza_events(500.0, 300.0, 1000, 6)
    n1, n2 = unit(b), unit(bbar)
    z, w = lp + lm, one_minus_cos(n1, n2)
    solver = PairWithSpectator.from_directions(z, n1, n2, 0.0)
    a1, a2 = z.e - solver.z_along_1, z.e - solver.z_along_2
    s_bb, s_llbb = solver.inverse(b.e, bbar.e)
    total = 0.5 * (s_llbb - z.mass2 - s_bb)
    root = jnp.sqrt(jnp.maximum(total**2 - 2.0 * a1 * a2 * s_bb / w, 0.0))
    good = np.asarray(root > 1e-2 * total)
    np.testing.assert_allclose(
        np.asarray(solver.density(b.e, bbar.e))[good], np.asarray(4 * w * root)[good], rtol=1e-9
    )
    upper, _ = solver.forward(s_bb, s_llbb)
    np.testing.assert_allclose(
        np.asarray(upper.e1)[good], np.asarray(0.5 * (total + root) / a1)[good], rtol=1e-9
    )


def test_two_resonances_sampled_by_both_branches_cover_the_energies():
    """Integral of a smooth function of (E1, E2) through (s_bb, s_llbb), both branches summed, against the
    direct one.
    """
    lp, lm, b, bbar = (type(p)(*(f[:1] for f in p)) for p in hza_events(500.0, 300.0, 1, 7))
    solver = PairWithSpectator.from_directions(lp + lm, unit(b), unit(bbar), MB)

    def bump(e1, e2):
        # vanishes smoothly at the borders of the box, away from E = m
        x, y = (e1 - 20.0) / 200.0, (e2 - 20.0) / 200.0
        inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
        return jnp.where(inside, (x * (1 - x) * y * (1 - y)) ** 2, 0.0)

    corners = [solver.inverse(e1, e2) for e1 in (20.0, 220.0) for e2 in (20.0, 220.0)]
    hi_bb, hi_h = (max(float(c[i][0]) for c in corners) for i in (0, 1))
    n = 400_000
    u = np.random.default_rng(8).random((2, n))
    branches = solver.forward(hi_bb * u[0], hi_h * u[1])
    values = hi_bb * hi_h * sum(np.asarray(bump(x.e1, x.e2) * x.jacobian) for x in branches)
    exact = (200.0 * (1 / 30)) ** 2  # Int_0^1 x^2 (1-x)^2 dx = 1/30
    error = values.std() / n**0.5
    assert error < 0.01 * exact
    # 4 sigma; the fold left out is 0.1 %
    assert abs(values.mean() - exact) < 4 * error + 1e-3 * exact
