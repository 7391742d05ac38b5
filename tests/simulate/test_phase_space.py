"""Phase space of the generator: kinematics, and volumes in closed form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vegas

from momentax.constants import SQRT_S
from momentax.maps import massless_volume
from momentax.simulate.phase_space import DrellYanSpace, HzaSpace, TTbarSpace
from momentax.simulate.sampler import evaluate_chunked

S = jnp.asarray(SQRT_S)
SPACES = {
    "ttbar": (TTbarSpace(172.5, 1.48, 80.4, 2.08, S), 16, (0, 0, 4.7, 0, 0, 4.7)),
    "hza": (HzaSpace(500.0, 13.0, 300.0, 0.02, 91.2, 2.5, S), 10, (0, 0, 4.7, 4.7)),
    "drell_yan": (DrellYanSpace(91.2, 2.5, jnp.asarray(5.0), jnp.asarray(10.0), S), 10, (4.7, 4.7, 0, 0)),
}


@pytest.mark.parametrize("name", SPACES)
def test_momenta_are_on_shell_and_balance(name):
    space, dim, masses = SPACES[name]
    u = np.random.default_rng(1).random((2000, dim))
    event = jax.jit(space.forward)(tuple(jnp.asarray(u[:, i]) for i in range(dim)))
    used = np.asarray(event.jacobian) > 0.0
    assert used.mean() > 0.5 and np.isfinite(np.asarray(event.jacobian)).all()
    p = np.stack([np.asarray(q.stack()) for q in event.momenta], axis=1)[used]
    mass2 = p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1)
    assert np.abs(mass2 - np.square(masses)).max() < 1e-6 * (p[..., 0] ** 2).max()
    total = p.sum(axis=1)
    assert np.abs(total[:, 1:3]).max() < 1e-9 * total[:, 0].max()
    assert (total[:, 0] + np.abs(total[:, 3])).max() < SQRT_S * (1 + 1e-9)


def integrate(function, dim: int):
    """vegas on a frozen grid: (mean, standard deviation)."""
    rng = np.random.default_rng(2)
    integrator = vegas.Integrator([[0.0, 1.0]] * dim, ran_array_generator=rng.random)
    batched = vegas.lbatchintegrand(lambda u: evaluate_chunked(jax.jit(function), u))
    integrator(batched, nitn=8, neval=40_000)
    result = integrator(batched, nitn=5, neval=60_000, adapt=False)
    return result.mean, result.sdev


def damped(space, dim: int, s0: float, passed=lambda p: True):
    """Integrand (s/2) dq1 dq2 dPhi_n/du exp(-s_hat/s0) where ``passed`` holds."""

    def integrand(u):
        event = space.forward(tuple(u[:, i] for i in range(dim)))
        total = event.momenta[0]
        for p in event.momenta[1:]:
            total = total + p
        value = jnp.nan_to_num(event.jacobian) * jnp.exp(-(total.e**2 - total.z**2) / s0)
        return jnp.where(passed(event.momenta), value, 0.0)

    return integrand


# broad resonances and massless particles: the volume of n massless particles is known
FLAT = {
    "ttbar": (TTbarSpace(300.0, 300.0, 150.0, 150.0, S, 0.0), 16, 6),
    "hza": (HzaSpace(500.0, 500.0, 200.0, 200.0, 200.0, 200.0, S, 0.0), 10, 4),
}


@pytest.mark.parametrize("name", FLAT)
def test_volume_of_massless_phase_space(name):
    """Int (s/2) dq1 dq2 dPhi_n exp(-s_hat/s0) = Int ds_hat/2 ln(s/s_hat) V_n(s_hat) exp(-s_hat/s0)."""
    space, dim, n = FLAT[name]
    s0 = 300.0**2
    got, error = integrate(damped(space, dim, s0), dim)
    x, w = np.polynomial.legendre.leggauss(200)
    s_hat = 30.0 * s0 * (x + 1.0)
    volume = np.asarray(massless_volume(n, s_hat))
    expected = np.sum(30.0 * s0 * w * 0.5 * np.log(SQRT_S**2 / s_hat) * volume * np.exp(-s_hat / s0))
    assert error < 0.005 * expected
    assert got == pytest.approx(expected, abs=4.0 * error)


def test_drell_yan_space_equals_the_decay_tree():
    """The same volume of massive phase space with cuts, in transverse momenta and rapidities and as a decay tree."""
    s0 = 150.0**2
    own = DrellYanSpace(60.0, 60.0, jnp.asarray(20.0), jnp.asarray(20.0), S)
    tree = HzaSpace(300.0, 300.0, 100.0, 100.0, 60.0, 60.0, S)

    def passed(lep_plus, lep_minus, b, bbar):
        return (b.pt2 > 20.0**2) & (bbar.pt2 > 20.0**2) & ((lep_plus + lep_minus).mass2 > 20.0**2)

    got, error = integrate(damped(own, 10, s0, lambda p: passed(p[2], p[3], p[0], p[1])), 10)
    expected, spread = integrate(damped(tree, 10, s0, lambda p: passed(*p)), 10)
    assert error < 0.005 * got and spread < 0.005 * expected
    assert got == pytest.approx(expected, abs=4.0 * np.hypot(error, spread))
