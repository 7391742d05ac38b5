"""Two-body decays, trees, flat massless phase space: momenta, measure, closed-form volumes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from momentax.kinematics import FourVector
from momentax.maps import BreitWigner, FlatMassless, Leaf, Node, TwoBodyDecay, massless_volume
from momentax.maps.decays import invert_mass_fraction, kallen

PARENT = FourVector(*(jnp.float64(v) for v in (200.0, 10.0, -30.0, 60.0)))


def test_two_body_masses_balance_and_round_trip():
    rng = np.random.default_rng(1)
    u = rng.random((2, 1000))
    decay = TwoBodyDecay(PARENT.mass2, 20.0**2, 91.0**2)
    (p1, p2), jacobian = decay.forward((u[0], u[1]), PARENT)
    np.testing.assert_allclose(p1.mass2, 20.0**2, rtol=1e-9)
    np.testing.assert_allclose(p2.mass2, 91.0**2, rtol=1e-10)
    np.testing.assert_allclose((p1 + p2).stack(), np.broadcast_to(PARENT.stack(), (1000, 4)), atol=1e-11)
    np.testing.assert_allclose(jnp.stack(decay.inverse(p1, p2)), u, atol=1e-9)
    s = PARENT.mass2
    assert jacobian == pytest.approx(float(jnp.sqrt(kallen(s, 400.0, 91.0**2)) / (8 * jnp.pi * s)), rel=1e-12)
    np.testing.assert_allclose(decay.density(p1, p2) * jacobian, 1.0, rtol=1e-14)


def test_two_body_measure_is_lorentz_invariant_phase_space():
    """d^3p1/((2 pi)^3 2 E1) ... = dPhi_2 checked by the solid angle of p1 in a moving frame (autodiff).

    dPhi_2 = |p1|^2 dOmega / (16 pi^2 E1 E2 |d(E1 + E2)/d|p1||) in any frame.
    """
    decay = TwoBodyDecay(PARENT.mass2, 20.0**2, 91.0**2)

    def angles(u):
        (p1, _), _ = decay.forward((u[0], u[1]), PARENT)
        return jnp.stack([p1.z / jnp.sqrt(p1.p2), jnp.arctan2(p1.y, p1.x)])

    u = jnp.asarray(np.random.default_rng(2).random((200, 2)))
    solid_angle = np.abs(np.linalg.det(jax.vmap(jax.jacfwd(angles))(u)))
    (p1, p2), jacobian = decay.forward((u[:, 0], u[:, 1]), PARENT)
    p = jnp.sqrt(p1.p2)
    along = (p2.x * p1.x + p2.y * p1.y + p2.z * p1.z) / p
    slope = jnp.abs(p / p1.e - along / p2.e)  # p2 = P - p1 moves opposite to p1
    np.testing.assert_allclose(
        p**2 * solid_angle / (16 * jnp.pi**2 * p1.e * p2.e * slope), float(jacobian), rtol=1e-9
    )


def test_closed_channel_has_no_weight_and_finite_gradients():
    u = (jnp.float64(0.3), jnp.float64(0.4))
    value, grad = jax.value_and_grad(lambda s: TwoBodyDecay(s, 20.0**2, 91.0**2).forward(u, PARENT)[1])(
        100.0**2
    )
    assert value == 0.0 and jnp.isfinite(grad)
    for edge in ((0.0, 0.0), (1.0, 1.0)):
        g = jax.grad(lambda a, b: TwoBodyDecay(PARENT.mass2, 0.0, 0.0).forward((a, b), PARENT)[0][0].x)(*edge)
        assert jnp.isfinite(g)


@pytest.mark.parametrize("k", range(3, 10))
def test_mass_fraction_inversion(k):
    rng = np.random.default_rng(k)
    u = np.concatenate([10.0 ** rng.uniform(-12, 0, 2000), 1.0 - 10.0 ** rng.uniform(-12, 0, 2000)])
    v = invert_mass_fraction(u, k)
    np.testing.assert_allclose((k - 1) * v ** (k - 2) - (k - 2) * v ** (k - 1), u, rtol=1e-13)


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_flat_massless_momenta_and_flatness(n):
    """Massless, balanced; uniform in phase space: <s_12> = 2 s/(n (n - 1)) for all pairs alike (4 sigma)."""
    count = 40_000
    u = np.random.default_rng(10 + n).random((3 * n - 4, count))
    momenta, volume = FlatMassless(PARENT.mass2).forward(tuple(u), PARENT)
    assert len(momenta) == n
    total = sum((p.stack() for p in momenta[1:]), start=momenta[0].stack())
    np.testing.assert_allclose(total, np.broadcast_to(PARENT.stack(), (count, 4)), atol=1e-10)
    scale = float(PARENT.e) ** 2
    assert max(float(jnp.abs(p.mass2).max()) for p in momenta) < 1e-12 * scale
    np.testing.assert_allclose(volume, massless_volume(n, PARENT.mass2), rtol=1e-14)
    if n > 2:
        for i in range(n):
            for j in range(i):
                s_ij = np.asarray((momenta[i] + momenta[j]).mass2 / PARENT.mass2)
                assert abs(s_ij.mean() - 2 / (n * (n - 1))) < 4 * s_ij.std() / count**0.5


def test_wrong_number_of_coordinates_is_refused():
    with pytest.raises(ValueError, match="3n - 4"):
        FlatMassless(1.0).forward((0.1, 0.2, 0.3), PARENT)


def test_tree_volume_three_body_massless_is_exact():
    """(12)3 chain: Int ds/(2 pi) Phi_2(s) Phi_2(M^2; s, 0) = M^2/(256 pi^3), by quadrature over s."""
    m2 = 100.0**2

    def slice_(s):
        tree = Node(m2, Node(s, Leaf(0.0), Leaf(0.0)), Leaf(0.0))
        parent = FourVector(*(jnp.float64(v) for v in (100.0, 0.0, 0.0, 0.0)))
        return float(tree.forward((0.3, 0.2, 0.6, 0.1), parent)[1])

    value, _ = scipy.integrate.quad(slice_, 0.0, m2, epsrel=1e-9)
    assert value == pytest.approx(m2 / (256 * np.pi**3), rel=1e-8)
    assert value == pytest.approx(float(massless_volume(3, m2)), rel=1e-8)


def test_tree_volume_six_body_massless():
    """t tbar -> 6 massless bodies by a chain with flat masses against the closed form, 1 % at 4 sigma."""
    n, m2 = 400_000, 500.0**2
    u = np.random.default_rng(20).random((14, n))
    # Phi_3 grows like s: squares of the top masses with density 2 s/s_max^2, W masses flat below the top's
    limits, s_t, weight = 500.0, [], np.ones(n)
    for i in range(2):
        s_max = limits**2
        s_t.append(s_max * np.sqrt(u[i]))
        weight *= s_max**2 / (2.0 * s_t[i])
        limits = 500.0 - np.sqrt(s_t[0])
    s_w = [s_t[i] * u[2 + i] for i in range(2)]
    weight *= s_t[0] * s_t[1]
    tops = [Node(t, Node(w, Leaf(0.0), Leaf(0.0)), Leaf(0.0)) for t, w in zip(s_t, s_w, strict=True)]
    parent = FourVector(*(jnp.full(n, v) for v in (500.0, 0.0, 0.0, 0.0)))
    momenta, jacobian = Node(m2, *tops).forward(tuple(u[4:]), parent)
    assert len(momenta) == 6
    values = np.asarray(jacobian) * weight
    error = values.std() / n**0.5
    exact = float(massless_volume(6, m2))
    assert error < 0.01 * exact
    assert abs(values.mean() - exact) < 4 * error


def test_tree_with_massive_leaves_matches_a_product_of_decays():
    tree = Node(500.0**2, Node(91.0**2, Leaf(0.0), Leaf(0.0)), Node(300.0**2, Leaf(4.7**2), Leaf(4.7**2)))
    assert tree.dim == 6
    parent = FourVector(*(jnp.float64(v) for v in (500.0, 0.0, 0.0, 0.0)))
    momenta, jacobian = jax.jit(lambda t, u: t.forward(u, parent))(tree, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    expected = 1.0
    for s, a, b in ((500.0**2, 91.0**2, 300.0**2), (91.0**2, 0.0, 0.0), (300.0**2, 4.7**2, 4.7**2)):
        expected *= np.sqrt((s - a - b) ** 2 - 4 * a * b) / (8 * np.pi * s)
    assert jacobian == pytest.approx(expected / (2 * np.pi) ** 2, rel=1e-12)
    assert (momenta[0] + momenta[1]).mass2 == pytest.approx(91.0**2, rel=1e-11)
    assert (momenta[2] + momenta[3]).mass2 == pytest.approx(300.0**2, rel=1e-11)


def test_chain_through_a_resonance_integrates_the_propagator():
    """Int ds/(2 pi) Phi_2(s) 2 m Gamma 8 pi/((s - m^2)^2 + ...) = 2 m Gamma/m Gamma * arctan share: a closed
    form.
    """
    m, g, n = 91.0, 2.5, 2000
    bw = BreitWigner(m, g, 0.0, 500.0**2)
    u = np.random.default_rng(21).random(n)
    s, jacobian = bw.forward(u)
    volume = TwoBodyDecay(s, 0.0, 0.0).volume()
    values = volume * jacobian / ((s - m**2) ** 2 + (m * g) ** 2)
    exact = (np.arctan((500.0**2 - m**2) / (m * g)) + np.arctan(m / g)) / (m * g) / (8 * np.pi)
    np.testing.assert_allclose(values, exact, rtol=1e-10)  # constant: the pole is flat
