"""Sampling of the true energies of visible objects: multi-channel mixtures of transfer functions and poles.

A pair sampler takes uniform numbers and returns two energies with the inverse of the *mixture's* density at these
energies, so any channel may be poor for an event as long as one is good (Kleiss and Pittau 1994). The channel is
chosen by the interval of one of the uniform numbers, not by a number of its own: an adaptive grid then learns the
shape of every channel separately.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.constants import MASS_B
from momentax.kinematics import FourVector
from momentax.maps import BreitWigner, PairWithSpectator, StudentT4, one_minus_cos
from momentax.processes.observed import Observed, Particle

Array = jax.Array

T4_SCALE = 0.85
"""Scale of the t4 sampling density in units of the likelihood's standard deviation: variance 1.45 times larger, so
that a Gaussian likelihood is covered with weights below 1.25 and heavier tails stay bounded."""


def transfer_sampler(particle: Particle, mass: float) -> StudentT4:
    """Sampling density of the true energy of one object above its ``mass``, from the moments of its likelihood."""
    return StudentT4(particle.e_mean, T4_SCALE * particle.e_sd, jnp.full_like(particle.e_mean, mass))


class PairSample(NamedTuple):
    """Energies of two objects and 1/density, GeV^2; ``valid`` False where the chosen channel has no solution."""

    e1: Array
    e2: Array
    jacobian: Array
    valid: Array


def choose_interval(u: Array, edges: tuple[float, ...]) -> tuple[list[Array], Array]:
    """Which interval of [0, edges..., 1] holds ``u`` (one-hot list of booleans), and u rescaled inside it to [0, 1]."""
    bounds = (0.0, *edges, 1.0)
    inside = [(u >= lo) & (u < hi) for lo, hi in pairwise(bounds)]
    inside[-1] = u >= bounds[-2]
    local = jnp.zeros_like(u)
    for flag, lo, hi in zip(inside, bounds[:-1], bounds[1:], strict=True):
        local = jnp.where(flag, (u - lo) / (hi - lo), local)
    return inside, jnp.clip(local, 1e-12, 1.0 - 1e-12)


def lepton_pair(
    u1: Array, u2: Array, lep1: Particle, lep2: Particle, pole: BreitWigner, share: float = 0.3
) -> PairSample:
    """Energies of two massless leptons: E1 from its transfer function; E2 from its own, or from the Z pole.

    Density p(E1, E2) = t4_1(E1) [ share BW(s_ll) |ds_ll/dE2| + (1 - share) t4_2(E2) ], s_ll = 2 E1 E2 (1 - cos).
    """
    t1, t2 = transfer_sampler(lep1, 0.0), transfer_sampler(lep2, 0.0)
    e1, jac1 = t1.forward(u1)
    (is_pole, _), local = choose_interval(u2, (share,))
    slope = 2.0 * e1 * one_minus_cos(lep1.direction, lep2.direction)  # ds/dE2
    e2 = jnp.where(is_pole, pole.forward(local)[0] / slope, t2.forward(local)[0])
    density2 = share * pole.density(slope * e2) * slope + (1.0 - share) * t2.density(e2)
    return PairSample(e1, e2, jac1 / density2, jnp.isfinite(e2) & (e2 > 0.0))


def lepton_momenta(
    u1: Array, u2: Array, x: Observed, pole: BreitWigner
) -> tuple[PairSample, FourVector, FourVector]:
    """:func:`lepton_pair` of an observed event, with the four-momenta of l+ and l-."""
    pair = lepton_pair(u1, u2, x.lep_plus, x.lep_minus, pole)
    return pair, x.lep_plus.momentum(pair.e1, 0.0), x.lep_minus.momentum(pair.e2, 0.0)


def energy_from_mass(
    q: FourVector, n: tuple[Array, Array, Array], mass: float, s: Array
) -> tuple[Array, Array, Array]:
    """Energy E of a particle of ``mass`` along ``n`` such that (q + p)^2 = s: the solution on the branch dE/ds > 0.

    (q + p)^2 = q^2 + m^2 + 2 (q0 E - q.n |p|), so with K = (s - q^2 - m^2)/2 and qn = q.n:
    (q0^2 - qn^2) E^2 - 2 K q0 E + K^2 + qn^2 m^2 = 0.

    Returns (E, ds/dE, valid); E and the derivative are finite where there is no solution.
    """
    qn = q.x * n[0] + q.y * n[1] + q.z * n[2]
    k = 0.5 * (s - q.mass2 - mass**2)
    a = q.e**2 - qn**2
    # q0 |p| - qn E = 0 is the turning point, so the rising branch of s(E) has the + sign
    disc = k**2 - mass**2 * a
    root = jnp.sqrt(jnp.where(disc > 0.0, disc, 1.0))
    e = (k * q.e + jnp.abs(qn) * root) / a
    # for qn < 0 the momentum equation qn |p| = q0 E - K selects the - sign
    e_minus = (k * q.e - jnp.abs(qn) * root) / a
    e = jnp.where(qn > 0.0, e, e_minus)
    valid = (disc > 0.0) & (e > mass) & (k > 0.0) & ((q.e * e - k) * qn >= 0.0)
    e = jnp.where(valid, e, 2.0 * mass + 1.0)
    slope = mass_slope(q, n, mass, e)
    return e, slope, valid & (slope > 0.0)


def mass_slope(q: FourVector, n: tuple[Array, Array, Array], mass: float, e: Array) -> Array:
    """d(q + p)^2/dE = 2 (q0 - q.n E/|p|) for a particle of ``mass`` along ``n`` with energy ``e``."""
    qn = q.x * n[0] + q.y * n[1] + q.z * n[2]
    p = jnp.sqrt(jnp.maximum(e**2 - mass**2, 1e-12))
    return 2.0 * (q.e - qn * e / p)


def resonance(u: Array, pole: BreitWigner, share: float = 0.25, stretch: float = 12.0) -> tuple[Array, Array]:
    """Mass squared of a resonance and 1/density: its Breit-Wigner and, with ``share``, one ``stretch`` times as wide.

    A per cent of tops is produced tens of GeV off shell; where an event needs that, the plain map would put a point
    in a thousand there and an adaptive grid might never see it. The range is that of ``pole``.
    """
    wide = pole._replace(width=stretch * pole.width)
    (is_wide, _), local = choose_interval(u, (share,))
    s = jnp.where(is_wide, wide.forward(local)[0], pole.forward(local)[0])
    return s, 1.0 / (share * wide.density(s) + (1.0 - share) * pole.density(s))


class BPairPoles(NamedTuple):
    """Poles that the b pair may sit on: s_bb (A) and s_llbb (H)."""

    a: BreitWigner
    h: BreitWigner


CHANNEL_EDGES = (0.2, 0.4, 0.6, 0.8)
"""(T, T) | (T, s_bb) | (T, s_H) | (s_bb, s_H) with E1 > E1* | (s_bb, s_H) with E1 < E1*: equal shares."""


def b_pair(u3: Array, u4: Array, b1: Particle, b2: Particle, z: FourVector, poles: BPairPoles) -> PairSample:
    """Energies of two massive b's beside a Z of four-momentum ``z``: transfer functions and the A and H poles.

    Density p(E1, E2) = 1/5 [ t4_1 t4_2 + t4_1 BW_A ds_bb/dE2 + t4_1 BW_H ds_H/dE2
                              + BW_A BW_H |d(s_bb, s_H)/d(E1, E2)| ]:
    the second and third channel cover rising s(E2) only, and each of the two branches (1/5 each) of the last one
    covers the energies with one sign of the Jacobian.
    """
    t1, t2 = transfer_sampler(b1, MASS_B), transfer_sampler(b2, MASS_B)
    chosen, local = choose_interval(u3, CHANNEL_EDGES)
    n1, n2 = b1.direction, b2.direction
    # channels with E1 from its transfer function
    e1_t = t1.forward(u4)[0]
    p1_t = b1.momentum(e1_t, MASS_B)
    s_a, s_h = poles.a.forward(local)[0], poles.h.forward(local)[0]
    e2_a, _, ok_a = energy_from_mass(p1_t, n2, MASS_B, s_a)
    e2_h, _, ok_h = energy_from_mass(z + p1_t, n2, MASS_B, s_h)
    # both poles: s_bb from the interval's number, s_H from the other
    resonances = PairWithSpectator.from_directions(z, n1, n2, MASS_B)
    both = resonances.branch(s_a, poles.h.forward(u4)[0], jnp.where(chosen[3], 1.0, -1.0))
    e1 = jnp.where(chosen[3] | chosen[4], both.e1, e1_t)
    e2 = jnp.select(chosen, [t2.forward(local)[0], e2_a, e2_h, both.e2, both.e2])
    ok = jnp.select(chosen, [jnp.ones_like(ok_a), ok_a, ok_h, both.valid, both.valid])
    ok = ok & (e1 > MASS_B) & (e2 > MASS_B)
    e1, e2 = jnp.where(ok, e1, 10.0 * MASS_B), jnp.where(ok, e2, 10.0 * MASS_B)
    return PairSample(e1, e2, 1.0 / b_pair_density(e1, e2, b1, b2, z, poles, t1, t2), ok)


def b_pair_density(
    e1, e2, b1: Particle, b2: Particle, z: FourVector, poles: BPairPoles, t1: StudentT4, t2: StudentT4
) -> Array:
    """The mixture's density at (E1, E2), GeV^-2: see :func:`b_pair`."""
    n1, n2 = b1.direction, b2.direction
    p1, p2 = b1.momentum(e1, MASS_B), b2.momentum(e2, MASS_B)
    bb = p1 + p2
    s_bb, s_h = bb.mass2, (z + bb).mass2
    d_bb, d_h = mass_slope(p1, n2, MASS_B, e2), mass_slope(z + p1, n2, MASS_B, e2)
    both = PairWithSpectator.from_directions(z, n1, n2, MASS_B).density(e1, e2)
    density_a, density_h = poles.a.density(s_bb), poles.h.density(s_h)
    density_t1 = t1.density(e1)
    share = CHANNEL_EDGES[0]
    return share * (
        density_t1 * (t2.density(e2) + density_a * jnp.maximum(d_bb, 0.0) + density_h * jnp.maximum(d_h, 0.0))
        + density_a * density_h * both
    )
