"""Where the nodes of a table of :mod:`momentax.processes.hza_table` lie, and the b quarks at fixed (s_A, t)."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.constants import MASS_B
from momentax.maps import one_minus_cos
from momentax.processes.observed import Observed, Particle
from momentax.transfer import Detector

Array = jax.Array

REACH = 46.0
"""Nodes cover transfer functions down to exp(-REACH) of their peak: far from an event two narrow poles outweigh what
lies near it. With exp(-27) one weight in a hundred was too small without a warning, by factors up to 3,000."""
N_REACH = 64
"""Points of the scan of each b's momentum that finds how far the nodes have to reach."""
SPREAD = 0.15
"""Nodes in a are cosh(SPREAD n) times further apart n standard deviations from the measured s_A than there."""
FOLD_SCALE = 0.3
"""Nodes in v are closest at the fold, where the density is sharpest; twice as far apart where ln(s_H - s_A) is 1.7
times this above or below it."""


class Geometry(NamedTuple):
    """Where the nodes of an event lie; scalars.

    a_i = a_centre + a_width sinh(SPREAD (n_low + i n_step))/SPREAD;
    ln(s_H - s_A) = fold(a) + eta(v), eta(v) = FOLD_SCALE sinh(h_low + h_span v).
    """

    a_centre: Array
    """Of the measured jets."""
    a_width: Array
    """Its resolution."""
    n_low: Array
    n_step: Array
    h_low: Array
    h_span: Array
    w: Array
    """1 - cos(b, bbar)."""
    z1: Array
    z2: Array
    """2 (E_Z - p_Z.n_i) of the measured leptons, GeV."""
    s_ll: Array
    """Of the measured leptons, GeV^2."""
    t_fold: Array
    """Where s_H is least at fixed s_A, clipped to where the transfer functions reach."""


def a_of(g: Geometry, i: Array) -> Array:
    """ln s_A of node ``i``."""
    return g.a_centre + g.a_width * jnp.sinh(SPREAD * (g.n_low + i * g.n_step)) / SPREAD


def node_of(g: Geometry, a: Array) -> Array:
    """Inverse of :func:`a_of` (below 0 or above the last node outside the table)."""
    return (_deviations(g.a_centre, g.a_width, a) - g.n_low) / g.n_step


def _deviations(centre: Array, width: Array, a: Array) -> Array:
    return jnp.arcsinh(SPREAD * (a - centre) / width) / SPREAD


def eta_of(g: Geometry, v: Array) -> Array:
    """ln(s_H - s_A) above the fold."""
    return FOLD_SCALE * jnp.sinh(g.h_low + g.h_span * v)


def v_of(g: Geometry, eta: Array) -> Array:
    """Inverse of :func:`eta_of` (0 to 1 inside the table; below 0 or above 1 outside)."""
    y = eta / FOLD_SCALE
    # arcsinh; the library's has more branches than are needed here
    h = jnp.sign(y) * jnp.log(jnp.abs(y) + jnp.sqrt(1.0 + y**2))
    return (h - g.h_low) / g.h_span


def product_of_momenta(w: Array, s_a: Array, t: Array) -> Array:
    """S = |p_1||p_2| of two b's with |p_1/p_2| = e^2t and mass squared s_A."""
    m2 = MASS_B**2
    k, cosine = 0.5 * s_a - m2, 1.0 - w
    # (K + S cos)^2 = S^2 + 2 S m^2 cosh(2t) + m^4
    half = k * cosine - m2 * jnp.cosh(2.0 * t)
    sin2, rest = w * (2.0 - w), jnp.maximum(k**2 - m2**2, 0.0)
    root = jnp.sqrt(jnp.maximum(half**2 + sin2 * rest, 1e-30))
    return jnp.where(half > 0.0, (half + root) / sin2, rest / jnp.maximum(root - half, 1e-30))


def fold(g: Geometry, a: Array) -> Array:
    """ln(s_H - s_A) of the measured leptons where it is least, at a = ln s_A: a smooth curve, the origin of eta."""
    root = jnp.sqrt(product_of_momenta(g.w, jnp.exp(a), g.t_fold))
    return jnp.log(g.s_ll + root * (g.z1 * jnp.exp(g.t_fold) + g.z2 * jnp.exp(-g.t_fold)))


class Pair(NamedTuple):
    """The b quarks at (s_A, t): momenta and what the leptons' equation needs."""

    p1: Array
    p2: Array
    e1: Array
    e2: Array
    jacobian: Array
    """dE_1 dE_2/(ds_A dt)."""


def pair_at(g: Geometry, s_a: Array, t: Array) -> Pair:
    product = product_of_momenta(g.w, s_a, t)
    root, ratio = jnp.sqrt(product), jnp.exp(t)
    p1, p2 = root * ratio, root / ratio
    e1, e2 = jnp.sqrt(p1**2 + MASS_B**2), jnp.sqrt(p2**2 + MASS_B**2)
    # ds_A/dlnS = p1^2 E2/E1 + p2^2 E1/E2 - 2 S cos
    slope = p1**2 * e2 / e1 + p2**2 * e1 / e2 - 2.0 * product * (1.0 - g.w)
    return Pair(p1, p2, e1, e2, product * p1 * p2 / (e1 * e2) / slope)


def log_density_of_pair(detector: Detector, x: Observed, b: Pair) -> Array:
    """ln of the b quarks' transfer functions and of the event's efficiency, where the detector has one."""
    log_b = detector.bjet.log_density(x.b.e_rec, b.e1) + detector.bjet.log_density(x.bbar.e_rec, b.e2)
    if detector.efficiency is None:
        return log_b
    pt_b = b.p1 * jnp.hypot(x.b.nx, x.b.ny), b.p2 * jnp.hypot(x.bbar.nx, x.bbar.ny)
    return log_b + safe_log(detector.efficiency.event((x.lep_plus.is_muon, x.lep_minus.is_muon), pt_b))


def safe_log(x: Array) -> Array:
    """ln x, finite at 0."""
    return jnp.log(jnp.maximum(x, jnp.finfo(x.dtype).tiny))


def _reach_of_b(detector: Detector, b: Particle) -> tuple[Array, Array]:
    """(ln |p| [N_REACH] over which T is above e^-REACH of its largest value, ln T there relative to that value)."""

    def log_t(log_p: Array) -> Array:
        return detector.bjet.log_density(b.e_rec, jnp.sqrt(jnp.exp(2.0 * log_p) + MASS_B**2))

    wide = jnp.log(b.e_mean) + jnp.linspace(-2.5, 2.5, 160)
    values = log_t(wide)
    inside = values > jnp.max(values) - REACH
    low = jnp.min(jnp.where(inside, wide, jnp.inf))
    high = jnp.max(jnp.where(inside, wide, -jnp.inf))
    log_p = jnp.linspace(low, high, N_REACH)
    return log_p, log_t(log_p) - jnp.max(values)


def geometry(x: Observed, detector: Detector, n_a: int) -> tuple[Geometry, Array]:
    """Nodes of an event, and the ends of ln |p| of the two b's, [2, 2]."""
    w = one_minus_cos(x.b.direction, x.bbar.direction)
    z = x.lep_plus.momentum(x.lep_plus.e_mean, 0.0) + x.lep_minus.momentum(x.lep_minus.e_mean, 0.0)
    z1, z2 = (2.0 * (z.e - z.x * n[0] - z.y * n[1] - z.z * n[2]) for n in (x.b.direction, x.bbar.direction))
    log_p1, log_t1 = _reach_of_b(detector, x.b)
    log_p2, log_t2 = _reach_of_b(detector, x.bbar)
    low1, high1, low2, high2 = log_p1[0], log_p1[-1], log_p2[0], log_p2[-1]
    both = log_t1[:, None] + log_t2
    p1, p2 = jnp.exp(log_p1)[:, None], jnp.exp(log_p2)
    e1, e2 = jnp.sqrt(p1**2 + MASS_B**2), jnp.sqrt(p2**2 + MASS_B**2)
    pair = 2.0 * MASS_B**2 * (p1**2 + p2**2 + MASS_B**2) / (e1 * e2 + p1 * p2) + 2.0 * p1 * p2 * w
    s_a = 2.0 * MASS_B**2 + pair
    inside = both > -REACH
    a_low = jnp.log(jnp.min(jnp.where(inside, s_a, jnp.inf)))
    a_high = jnp.log(jnp.max(jnp.where(inside, s_a, -jnp.inf)))
    t_fold = jnp.clip(0.5 * jnp.log(z2 / z1), 0.5 * (low1 - high2), 0.5 * (high1 - low2))
    zero = jnp.zeros(())
    centre = jnp.log(2.0 * MASS_B**2 + 2.0 * x.b.e_mean * x.bbar.e_mean * w)
    width = jnp.hypot(x.b.e_sd / x.b.e_mean, x.bbar.e_sd / x.bbar.e_mean)
    n_low, n_high = (_deviations(centre, width, a) for a in (a_low, a_high))
    g = Geometry(centre, width, n_low, (n_high - n_low) / (n_a - 1), zero, zero, w, z1, z2, z.mass2, t_fold)
    # how far above the fold s_H reaches, and how far leptons shift it
    b_part = z1 * p1 + z2 * p2
    eta = jnp.log(z.mass2 + b_part) - fold(g, jnp.log(s_a))
    rel1, rel2 = x.lep_plus.e_sd / x.lep_plus.e_mean, x.lep_minus.e_sd / x.lep_minus.e_mean
    # at fixed s_H both energies move by the same share: down to e^-REACH of the product, and a quarter more
    smear = 0.9 * jnp.hypot(rel1, rel2) * math.sqrt(2.0 * REACH)
    reach = smear * jnp.max(jnp.where(inside, (2.0 * z.mass2 + b_part) / (z.mass2 + b_part), 0.0))
    eta_low = jnp.minimum(jnp.min(jnp.where(inside, eta, jnp.inf)), 0.0) - reach
    eta_high = jnp.max(jnp.where(inside, eta, -jnp.inf)) + reach
    ends = jnp.array([[low1, high1], [low2, high2]])
    h_low, h_high = jnp.arcsinh(eta_low / FOLD_SCALE), jnp.arcsinh(eta_high / FOLD_SCALE)
    return g._replace(h_low=h_low, h_span=h_high - h_low), ends


def restricted(g: Geometry, n_a: int, first: Array, last: Array, eta_low: Array, eta_high: Array) -> Geometry:
    """``n_a`` nodes in a from node ``first`` to ``last`` (real numbers) of ``g``; eta in [eta_low, eta_high]."""
    h_low, h_high = jnp.arcsinh(eta_low / FOLD_SCALE), jnp.arcsinh(eta_high / FOLD_SCALE)
    return g._replace(
        n_low=g.n_low + first * g.n_step,
        n_step=g.n_step * (last - first) / (n_a - 1),
        h_low=h_low,
        h_span=h_high - h_low,
    )
