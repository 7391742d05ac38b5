"""The multi-channel energy samplers integrate known functions to their closed forms: their densities are exact."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from momentax.constants import MASS_B
from momentax.integrate import points
from momentax.maps import BreitWigner
from momentax.processes import energies
from momentax.processes.observed import Particle


def particle(eta: float, phi: float, e: float, sd: float) -> Particle:
    sin = 1 / np.cosh(eta)
    values = (e, sin * np.cos(phi), sin * np.sin(phi), np.tanh(eta), e, e, sd, 0.0)
    return Particle(*(jnp.asarray(float(v)) for v in values))


def replicates(dim: int, n: int, count: int = 16):
    net = points.sobol_integers(dim, n)
    shifts = points.digital_shifts(points.stream(5, 0, "test"), count, dim)
    return [np.asarray(points.shifted(net, s)) for s in shifts]


def normal_pair(e1, e2, p1, p2):
    """Product of normal densities around the measured energies, as narrow as the sampling expects."""
    return jnp.exp(-0.5 * ((e1 - p1.e_mean) / p1.e_sd) ** 2 - 0.5 * ((e2 - p2.e_mean) / p2.e_sd) ** 2) / (
        2 * np.pi * p1.e_sd * p2.e_sd
    )


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def test_lepton_pair_integrates_a_normal_density_to_one():
    p1, p2 = particle(0.3, 0.1, 60.0, 1.2), particle(-0.5, 2.5, 45.0, 0.9)
    pole = BreitWigner(91.1876, 2.4952, 0.0, 13000.0**2)
    got = []
    for u in replicates(2, 4096):
        s = energies.lepton_pair(u[:, 0], u[:, 1], p1, p2, pole)
        got.append(float(jnp.mean(jnp.where(s.valid, normal_pair(s.e1, s.e2, p1, p2) * s.jacobian, 0.0))))
    mean, error = mean_and_error(got)
    assert error < 2e-3 and abs(mean - 1) < 5 * error


# masses of (A, H) near what the measured energies give, and far from it; narrow and wide; close and far b's
CASES = [
    (dict(e1=100.0, e2=70.0, phi2=2.0, eta2=0.9), (1.0, 1.0), (0.01, 0.05)),
    (dict(e1=100.0, e2=70.0, phi2=2.0, eta2=0.9), (1.0, 1.0), (5.0, 30.0)),
    (dict(e1=40.0, e2=160.0, phi2=0.9, eta2=-1.0), (1.15, 0.9), (0.5, 2.0)),
    (dict(e1=150.0, e2=120.0, phi2=0.35, eta2=0.3), (0.9, 1.1), (0.002, 20.0)),
]


@pytest.mark.parametrize("geometry, offset, widths", CASES)
def test_b_pair_integrates_a_normal_density_to_one(geometry, offset, widths):
    """Int dE1 dE2 N(E1) N(E2) = 1 through every channel of the mixture together (5 standard errors, below 1 %)."""
    b1 = particle(0.1, 0.0, geometry["e1"], 0.12 * geometry["e1"])
    b2 = particle(geometry["eta2"], geometry["phi2"], geometry["e2"], 0.12 * geometry["e2"])
    lep1, lep2 = particle(0.5, -2.0, 60.0, 1.0), particle(-0.3, 2.8, 50.0, 1.0)
    z = lep1.momentum(lep1.e_rec, 0.0) + lep2.momentum(lep2.e_rec, 0.0)
    bb = b1.momentum(b1.e_rec, MASS_B) + b2.momentum(b2.e_rec, MASS_B)
    m_a, m_h = float(jnp.sqrt(bb.mass2)) * offset[0], float(jnp.sqrt((z + bb).mass2)) * offset[1]
    s_min, s_max = 4 * MASS_B**2, 13000.0**2
    poles = energies.BPairPoles(
        BreitWigner(m_a, widths[0], s_min, s_max), BreitWigner(m_h, widths[1], s_min, s_max)
    )
    got = []
    for u in replicates(2, 16384):
        s = energies.b_pair(u[:, 0], u[:, 1], b1, b2, z, poles)
        got.append(float(jnp.mean(jnp.where(s.valid, normal_pair(s.e1, s.e2, b1, b2) * s.jacobian, 0.0))))
    mean, error = mean_and_error(got)
    exact = np.prod([norm.sf(MASS_B, b.e_rec, b.e_sd) for b in (b1, b2)])
    assert error < 1e-2 and abs(mean - exact) < 5 * error
