"""Which (s_A, s_H) matter to one mass point: the part of an event's table that its weight needs.

A scan of (s_A, t, l) with the factors that decide: transfer functions, Breit-Wigner factors, recoil. What lies
e^-DEPTH below the largest cell is left out; two far parts of the plane (a pole and the measured event) are covered by
one window that holds both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.kinematics import FourVector
from momentax.precision import single
from momentax.processes.hza_geometry import (
    Geometry,
    Pair,
    a_of,
    fold,
    log_density_of_pair,
    pair_at,
    product_of_momenta,
    restricted,
)
from momentax.processes.observed import Observed, recoil_shift
from momentax.transfer import Detector

Array = jax.Array

N_A, N_T = 40, 32
"""Cells of the scan in a = ln s_A and in t."""
PULLS = np.linspace(-8.0, 8.0, 17)
"""Standard deviations of the leptons' common scale l in the scan."""
DEPTH = 11.0
LUMINOSITY_POWER = 2.0
"""Parton luminosity times flux falls about with this power of s_H."""


class Poles(NamedTuple):
    """M^2 and M Gamma of the two resonances, GeV^2."""

    s_a: Array | float
    mg_a: Array | float
    s_h: Array | float
    mg_h: Array | float


def _log_breit_wigner(s: Array, pole: Any, mg: Any, cell: Array) -> Array:
    """ln of 1/((s - M^2)^2 + M^2 Gamma^2) averaged over a ``cell`` of s, roughly."""
    d2 = (s - pole) ** 2
    inside = d2 < cell**2
    return jnp.log((1.0 + jnp.where(inside, jnp.pi * cell / mg, 0.0)) / (d2 + jnp.maximum(cell, mg) ** 2))


def window(
    x: Observed,
    detector: Detector,
    s_z: Any,
    mg_z: Any,
    g: Geometry,
    ends: Array,
    n_a: int,
    poles: Poles,
) -> Geometry:
    """The geometry whose ``n_a`` nodes in a, and whose nodes in v, cover what matters to the mass point.

    ``g``, ``ends``: of the whole table with ``n_a`` nodes; ``s_z``, ``mg_z``: M^2 and M Gamma of the Z, GeV^2.
    """
    whole = g
    # a scan: single precision will do
    x, detector, s_z, mg_z, g, ends, poles = single((x, detector, s_z, mg_z, g, ends, poles))
    pulls = jnp.asarray(PULLS, jnp.float32)
    position = jnp.linspace(0.0, n_a - 1.0, N_A, dtype=jnp.float32)
    a = a_of(g, position)[:, None]
    s_a = jnp.exp(a)
    mid = 0.5 * jnp.log(product_of_momenta(g.w, s_a, g.t_fold))
    t_low = jnp.maximum(ends[0, 0] - mid, mid - ends[1, 1])
    t_high = jnp.maximum(jnp.minimum(ends[0, 1] - mid, mid - ends[1, 0]), t_low + 1e-3)
    t = t_low + (t_high - t_low) * jnp.linspace(0.0, 1.0, N_T, dtype=t_low.dtype)  # [a, t]
    b: Pair = pair_at(g, s_a, t)
    z = x.lep_plus.momentum(x.lep_plus.e_mean, 0.0) + x.lep_minus.momentum(x.lep_minus.e_mean, 0.0)
    b1 = FourVector(b.e1, *(b.p1 * n for n in x.b.direction))
    b2 = FourVector(b.e2, *(b.p2 * n for n in x.bbar.direction))
    k_x, k_y = z.x + b1.x + b2.x, z.y + b1.y + b2.y
    to_x, to_y = recoil_shift(x, b1, b2, detector.recoil.c)
    widest = jnp.max(detector.recoil.sigmas)
    weight = (
        log_density_of_pair(detector, x, b)
        - 0.5 * ((to_x - k_x) ** 2 + (to_y - k_y) ** 2) / detector.recoil.sigma_u**2
        - 0.5 * (k_x**2 + k_y**2) / widest**2
        + jnp.log(b.jacobian * b.p1 * b.p2 * s_a * (t_high - t_low))
    )
    # both lepton energies move together: l has half the resolution of the sum of their logarithms
    rel = 0.5 * jnp.hypot(x.lep_plus.e_sd / x.lep_plus.e_mean, x.lep_minus.e_sd / x.lep_minus.e_mean)
    scale = jnp.exp(rel * pulls)
    s_ll = g.s_ll * scale**2
    leptons = -0.5 * pulls**2 - jnp.log((s_ll - s_z) ** 2 + mg_z**2)
    edges = jnp.exp(a_of(g, jnp.linspace(0.0, n_a - 1.0, N_A + 1, dtype=jnp.float32)))
    cell_a = jnp.diff(edges)[:, None]
    weight = weight + _log_breit_wigner(s_a, poles.s_a, poles.mg_a, cell_a) + a
    from_b = (g.z1 * b.p1 + g.z2 * b.p2)[..., None]  # 2 p_Z.p_A of the measured leptons
    gap = s_ll + from_b * scale
    cell_h = rel * (2.0 * s_ll + from_b * scale)
    s_h = s_a[..., None] + gap
    total = (
        weight[..., None]
        + leptons
        + _log_breit_wigner(s_h, poles.s_h, poles.mg_h, cell_h)
        - LUMINOSITY_POWER * jnp.log(s_h)
    )
    counts = total > jnp.max(total) - DEPTH
    rows = jnp.any(counts, axis=(1, 2))
    step = (n_a - 1.0) / (N_A - 1.0)
    first = jnp.min(jnp.where(rows, position, jnp.inf)) - step
    last = jnp.max(jnp.where(rows, position, -jnp.inf)) + step
    eta = jnp.log(gap) - fold(g, a)[..., None]
    margin = 1.5 * cell_h / gap
    low = jnp.min(jnp.where(counts, eta - margin, jnp.inf))
    high = jnp.max(jnp.where(counts, eta + margin, -jnp.inf))
    return restricted(whole, n_a, jnp.maximum(first, 0.0), jnp.minimum(last, n_a - 1.0), low, high)
