"""Energies of the b quarks that a hypothesis would like an event to have, and how well its detector likes those.

Three choices: those that explain the missing momentum (`balanced`), those that put H and A on their poles
(`on_both_poles`), and those on the pole of A that explain the missing momentum best (`on_pole_of_a`).
The numbers of the detector are those of the built-in one: they shape inputs of networks, not the weight.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_Z
from momentax.regress.event import Event

Array = jax.Array

# built-in detector: jets sigma/E = sqrt(1/E + 0.1^2), recoil 20 GeV per axis, g(k_T)
_JET_NOISE, _JET_CONSTANT, _RECOIL = 1.0, 0.10, 20.0
_STEPS = 4
_G = ((0.5, 10.0), (0.35, 30.0), (0.15, 80.0))


def balanced(e: Event) -> tuple[Array, list[Array]]:
    """The b energies r_i E_i^rec that explain the missing momentum best, without neutrinos, by Gauss-Newton steps.

    Minimised: chi2 = |u|^2/sigma_u^2 + t_1^2 + t_2^2 with the missing momentum left over, u = MET + sum (1 - r_i) pT_i,
    and the pulls t_i of the transfer functions. It is most of what Drell-Yan pays for a neutrino.
    """
    x, y, energy = e.px[:, 2:], e.py[:, 2:], e.energy[:, 2:]
    r = jnp.ones_like(x)

    def residuals(r: Array) -> tuple[Array, Array, Array, Array]:
        """u/sigma_u [n, 2], its derivative [n, 2, jets], t [n, jets] and its derivative."""
        met = jnp.stack([e.met_x, e.met_y], axis=1)
        along = jnp.stack([x, y], axis=1)
        u = (met + jnp.sum((1 - r)[:, None] * along, axis=2)) / _RECOIL
        t, slope = _pull(r, energy)
        return u, -along / _RECOIL, t, slope

    for _ in range(_STEPS):
        u, du, t, dt = residuals(r)
        a = jnp.sum(du[:, :, 0] ** 2, axis=1) + dt[:, 0] ** 2
        b = jnp.sum(du[:, :, 1] ** 2, axis=1) + dt[:, 1] ** 2
        c = jnp.sum(du[:, :, 0] * du[:, :, 1], axis=1)
        g0 = jnp.sum(du[:, :, 0] * u, axis=1) + dt[:, 0] * t[:, 0]
        g1 = jnp.sum(du[:, :, 1] * u, axis=1) + dt[:, 1] * t[:, 1]
        determinant = a * b - c**2
        step = jnp.stack([(b * g0 - c * g1) / determinant, (a * g1 - c * g0) / determinant], axis=1)
        # a step at most halves or doubles an energy
        r = r * jnp.exp(jnp.clip(-step / r, -0.7, 0.7))
    u, du, t, dt = residuals(r)
    curvature = jnp.sum(du**2, axis=1) + dt**2
    determinant = curvature[:, 0] * curvature[:, 1] - jnp.sum(du[:, :, 0] * du[:, :, 1], axis=1) ** 2
    u2 = jnp.sum(u**2, axis=1)
    chi2 = u2 + jnp.sum(t**2, axis=1)
    k_x, k_y = (jnp.sum(p[:, :2], axis=1) + jnp.sum(r * q, axis=1) for p, q in ((e.px, x), (e.py, y)))
    pairs = {p: m2 * _share(r, p) for p, m2 in e.pair2.items()}
    return r, [
        *jnp.log(r).T,
        *jnp.arcsinh(t).T,
        jnp.arcsinh(jnp.sqrt(u2 + 1e-6)),
        jnp.arcsinh(jnp.hypot(k_x, k_y) / 20.0),
        jnp.arcsinh(chi2 / 4.0),
        jnp.sqrt(chi2 + 1e-6),
        0.5 * jnp.log(pairs[2, 3]),
        0.5 * jnp.log(sum(pairs.values())),
        jnp.log(determinant),
    ]


def _share(r: Array, pair: tuple[int, int]) -> Array:
    """By what the squared mass of a pair grows with the energies of its jets."""
    factors = [r[:, i - 2] for i in pair if i > 1]
    return jnp.prod(jnp.stack(factors), axis=0) if factors else jnp.ones(r.shape[0], r.dtype)


def _pull(r: Array, measured: Array) -> tuple[Array, Array]:
    """(E^rec - E)/sigma(E) of a jet with E = r E^rec, and its derivative in r (of the numerator alone)."""
    sigma = jnp.sqrt(_JET_NOISE**2 / (r * measured) + _JET_CONSTANT**2)
    return (1.0 / r - 1.0) / sigma, -1.0 / (r**2 * sigma)


class BEnergies(NamedTuple):
    """Energies of the b quarks over the measured ones, [n], for the two solutions (+, -)."""

    r1: tuple[Array, Array]
    r2: tuple[Array, Array]
    discriminant: Array
    """Below 0 there is none: both are then those where it vanishes."""
    half_sum: Array


def on_both_poles(e: Event, m_h: Array, m_a: Array) -> BEnergies:
    """The b energies that give m_bb = mA and m_llbb = mH with the measured leptons and directions (massless b).

    With r_i = E_i / E_i^rec and A_i = (m_l+i^2 + m_l-i^2)/2:  A_1 r_1 + A_2 r_2 = 2 C = (mH^2 - mA^2 - m_ll^2)/2 and
    r_1 r_2 = mA^2/m_bb^2, so that A_1 r_1 = C (1 +- sqrt(D)), D = 1 - A_1 A_2 mA^2 / (m_bb C)^2.
    """
    a1 = (e.pair2[0, 2] + e.pair2[1, 2]) / 2
    a2 = (e.pair2[0, 3] + e.pair2[1, 3]) / 2
    rho = m_a**2 / e.pair2[2, 3]
    # an m_ll that leaves no energy for the b quarks: the Z must then be lighter than measured
    m_ll2 = jnp.minimum(e.pair2[0, 1], (0.5 * (m_h - m_a)) ** 2 + 0.5 * MASS_Z**2)
    c = jnp.maximum((m_h**2 - m_a**2 - m_ll2) / 4, 1.0)
    discriminant = 1.0 - a1 * a2 * rho / c**2
    root = jnp.sqrt(jnp.maximum(discriminant, 1e-6))
    # without a solution the nearest to one: scaled so that the product keeps m_bb = mA
    half = jnp.where(discriminant > 0, c, jnp.sqrt(a1 * a2 * rho))
    large = half * (1.0 + root)
    small = a1 * a2 * rho / large
    return BEnergies((large / a1, small / a1), (small / a2, large / a2), discriminant, c / (a1 + a2))


class At(NamedTuple):
    """An event at b energies r_i E_i^rec, [n]."""

    log_l: Array
    """ln of transfer functions, recoil and g(k_T)."""
    angular: Array
    """ln of the lepton tensor with the momentum of A (Z -> l+ l- between scalars), massless, over mH^4."""
    m_bb2: Array
    m_llbb2: Array
    columns: list[Array]
    """Inputs."""


def at_energies(e: Event, r1: Array, r2: Array, m_h: Array, m_a: Array) -> At:
    """How an event looks with b energies r_i E_i^rec (r [n]) at the mass point (mH, mA) [n], GeV."""
    log_l = jnp.zeros_like(m_h)
    pulls = []
    for r, k in ((r1, 2), (r2, 3)):
        t, _ = _pull(r, e.energy[:, k])
        sigma = jnp.sqrt(_JET_NOISE**2 / (r * e.energy[:, k]) + _JET_CONSTANT**2)
        pulls.append(t)
        # T(E_rec|E) dE at fixed r: relative sigma
        log_l = log_l - 0.5 * t**2 - jnp.log(sigma)
    u_x = e.met_x + (1 - r1) * e.px[:, 2] + (1 - r2) * e.px[:, 3]
    u_y = e.met_y + (1 - r1) * e.py[:, 2] + (1 - r2) * e.py[:, 3]
    k_x = jnp.sum(e.px, axis=1) + e.met_x - u_x
    k_y = jnp.sum(e.py, axis=1) + e.met_y - u_y
    k2, u2 = k_x**2 + k_y**2, (u_x**2 + u_y**2) / _RECOIL**2
    log_g = jax.nn.logsumexp(jnp.stack([np.log(w / s**2) - 0.5 * k2 / s**2 for w, s in _G], axis=0), axis=0)
    m_bb2 = r1 * r2 * e.pair2[2, 3]
    p_a = [(r1 * e.pair2[k, 2] + r2 * e.pair2[k, 3]) / 2 for k in (0, 1)]
    angular = jnp.log(jnp.maximum(2.0 * p_a[0] * p_a[1] - m_bb2 * e.pair2[0, 1] / 2, 1.0) / m_h**4)
    m_llbb2 = e.pair2[0, 1] + m_bb2 + 2.0 * (p_a[0] + p_a[1])
    p_z = e.pz[:, 0] + e.pz[:, 1] + r1 * e.pz[:, 2] + r2 * e.pz[:, 3]
    columns = [
        jnp.log(r1),
        jnp.log(r2),
        *(jnp.arcsinh(t) for t in pulls),
        jnp.arcsinh(jnp.sqrt(u2 + 1e-6)),
        jnp.arcsinh(jnp.sqrt(k2 + 1e-3) / 20.0),
        jnp.arcsinh(p_z / jnp.sqrt(m_llbb2)),
        angular,
    ]
    return At(log_l - 0.5 * u2 + log_g, angular, m_bb2, m_llbb2, columns)


def on_pole_of_a(e: Event, m_a: Array) -> tuple[Array, Array]:
    """The b energies with m_bb = mA, r_1 r_2 = mA^2/m_bb^2, that transfer functions and missing momentum like best."""
    half = 0.5 * jnp.log(m_a**2 / e.pair2[2, 3])
    s = jnp.zeros_like(half)
    for _ in range(_STEPS):
        r = jnp.exp(jnp.stack([half + s, half - s], axis=1))
        t, slope = _pull(r, e.energy[:, 2:])
        change = jnp.stack([r[:, 0], -r[:, 1]], axis=1)
        top, bottom = jnp.zeros_like(s), jnp.zeros_like(s)
        for met, p in ((e.met_x, e.px), (e.met_y, e.py)):
            u = (met + jnp.sum((1 - r) * p[:, 2:], axis=1)) / _RECOIL
            du = -jnp.sum(change * p[:, 2:], axis=1) / _RECOIL
            top, bottom = top + u * du, bottom + du**2
        top = top + jnp.sum(t * slope * change, axis=1)
        bottom = bottom + jnp.sum((slope * change) ** 2, axis=1)
        s = s + jnp.clip(-top / bottom, -0.7, 0.7)
    return jnp.exp(half + s), jnp.exp(half - s)
