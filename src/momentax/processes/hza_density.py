"""H -> ZA of one event: the density rho of the weight in (s_A, s_H), an integral over two smooth variables.

    b energies:      |p_1| = sqrt(S) e^t, |p_2| = sqrt(S) e^-t,   s_A(S, t) solved for S in closed form,
    lepton energies: E_+ = l e^x, E_- = l e^-x,                   s_H(l, x, S, t) solved for l,

    W(mH, mA) = C(mH, mA) Int ds_A ds_H rho(s_A, s_H; muF) F(s_H) / (|s_A - M_A^2|^2 |s_H - M_H^2|^2),

where rho is the integral over t and x of everything that knows neither mass. s_H grows with l, so there is no fold at
fixed (s_A, s_H): where two b-energy solutions merge, t passes through the minimum of s_H and l takes up the difference.
The integrand is as smooth as the resolutions allow, so the trapezoidal rule over t and x converges geometrically.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import HBARC2_PB, MASS_B
from momentax.kinematics import FourVector
from momentax.maps import one_minus_cos
from momentax.precision import single
from momentax.processes import measure
from momentax.processes.hza_geometry import (
    Geometry,
    Pair,
    log_density_of_pair,
    pair_at,
    product_of_momenta,
    safe_log,
)
from momentax.processes.observed import Observed, Particle, lepton_density, recoil_shift
from momentax.transfer import Detector, GaussianTransfer

Array = jax.Array

X_SPAN = 9.6
"""The rule in x covers this many standard deviations."""
T_REACH = 10.0
"""The rule in t covers e^-10 of the largest integrand at its (s_A, s_H)."""
N_SCAN = 32
"""Points in t of the scan that finds where the integrand is."""
DEGREE = 5
"""Of the polynomial in rapidity that stands for ln of the parton luminosities at an s_H; in x it is a parabola."""
STEEP, STEEP_DEGREE = 7.0, 15
"""The degree where luminosities vary by more than e^7 at an s_H: near the beam energy."""
EDGE = 1e-3
"""Rapidities stay this far from where a parton has all of the proton's momentum."""
LOG_CURVE_DEGREE = 8
LOG_CURVE_REACH = 9.0
"""ln T of a Gaussian lepton as a Chebyshev series, over this many standard deviations on either side."""
LOG_CONSTANT = math.log(HBARC2_PB / (2.0 * measure.TWO_PI_CUBED) ** 4)


class Densities(NamedTuple):
    """ln rho at one s_A and several s_H, and from coarser rules; pb/(GeV^6 sr^4) GeV^4; -inf where there is nothing."""

    log_rho: Array
    """[scales, s_H]."""
    log_coarse: Array
    """[2, s_H] at the first scale: half the nodes in t; half the nodes in x."""


class _Leptons(NamedTuple):
    """Constants of the lepton pair of an event."""

    c: Array
    """2 (1 - cos): s_ll = c l^2."""
    scale: Array
    """ln l of the measured leptons."""
    tilt: Array
    """x of the measured leptons."""
    rel1: Array
    rel2: Array
    """Relative resolutions."""


class _LogCurve(NamedTuple):
    """ln T(E_rec | E) of one lepton as a Chebyshev series in ln E; constant beyond its ends."""

    centre: Array
    half: Array
    coefficients: Array

    def at(self, log_e: Array) -> Array:
        """ln T at ln E."""
        c = self.coefficients
        u = jnp.clip((log_e - self.centre) / self.half, -1.0, 1.0)
        d0, d1 = jnp.zeros_like(u), jnp.zeros_like(u)
        for k in range(LOG_CURVE_DEGREE, 0, -1):
            d0, d1 = 2.0 * u * d0 - d1 + c[k], d0
        return u * d0 - d1 + c[0]


def _log_curve(detector: Detector, lepton: Particle) -> Callable[[Array], Array]:
    """ln T of a lepton as a function of ln E, single precision: a series for the smooth Gaussians, otherwise itself."""
    if not (isinstance(detector.electron, GaussianTransfer) and isinstance(detector.muon, GaussianTransfer)):
        other, seen = single((detector, lepton))

        def exact(log_e: Array) -> Array:
            e = jnp.exp(log_e)
            electron, muon = (t.log_density(seen.e_rec, e) for t in (other.electron, other.muon))
            return electron + seen.is_muon * (muon - electron)

        return exact
    nodes = np.polynomial.chebyshev.chebpts1(LOG_CURVE_DEGREE + 1)
    solve = np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, LOG_CURVE_DEGREE))
    centre, half = jnp.log(lepton.e_mean), LOG_CURVE_REACH * lepton.e_sd / lepton.e_mean
    values = safe_log(lepton_density(detector, lepton, jnp.exp(centre + half * nodes)))
    return single(_LogCurve(centre, half, jnp.asarray(solve) @ values)).at


def _lepton_scale(c: Array, v: Array, gap: Array) -> tuple[Array, Array]:
    """l > 0 with c l^2 + 2 l v = s_H - s_A = ``gap``, and d(s_H)/dl."""
    root = jnp.sqrt(v**2 + c * gap)
    return gap / (v + root), 2.0 * root


def _with_neighbours(ends: Array, choose: Callable[[Array, Array], Array]) -> Array:
    """Ends of the ranges of all nodes in s_H from those of every other one: the wider of the two neighbours'."""
    after = jnp.concatenate([ends[1:], ends[-1:]])
    return jnp.stack([ends, choose(ends, after)], axis=1).reshape(-1)


def densities(
    x: Observed,
    detector: Detector,
    sqrt_s: Array | float,
    gluon: Any,
    mass_z: Array | float,
    width_z: Array | float,
    g: Geometry,
    ends: Array,
    n_t: int,
    n_x: int,
) -> Callable[[Array, Array], Densities]:
    """rho of one event (scalars in ``x``) as a function of (s_A, s_H - s_A [s_H]), an even number of s_H in order.

    Parameters
    ----------
    gluon : a FixedScalePdf whose arrays have the scales as leading axis
    sqrt_s, mass_z, width_z : GeV
    g, ends : from :func:`momentax.processes.hza_geometry.geometry`
    n_t, n_x : nodes of the trapezoidal rules, even

    The couplings and the Breit-Wigner factors of A and H are left out, that of the Z is in. Evaluated in
    single precision, relative to the largest integrand at an s_H.
    """
    # small angles need double precision
    n1, n2, n_plus, n_minus = (p.direction for p in (x.b, x.bbar, x.lep_plus, x.lep_minus))
    w11, w12, w21, w22 = single([one_minus_cos(l, b) for l in (n_plus, n_minus) for b in (n1, n2)])
    e_plus, e_minus = x.lep_plus.e_mean, x.lep_minus.e_mean
    leptons = single(
        _Leptons(
            2.0 * one_minus_cos(n_plus, n_minus),
            0.5 * jnp.log(e_plus * e_minus),
            0.5 * jnp.log(e_plus / e_minus),
            x.lep_plus.e_sd / e_plus,
            x.lep_minus.e_sd / e_minus,
        )
    )
    log_plus, log_minus = _log_curve(detector, x.lep_plus), _log_curve(detector, x.lep_minus)
    x, detector, sqrt_s, gluon, g, ends = single((x, detector, sqrt_s, gluon, g, ends))
    n1, n2, n_plus, n_minus = (p.direction for p in (x.b, x.bbar, x.lep_plus, x.lep_minus))
    s_z, mg_z = single((mass_z**2, mass_z * width_z))
    scales = jax.tree.leaves(gluon)[0].shape[0]
    gluon_at = [jax.tree.map(lambda leaf, k=k: leaf[k], gluon) for k in range(scales)]
    x_step = X_SPAN / n_x
    nodes_x = x_step * (np.arange(n_x) - 0.5 * (n_x - 1))
    few_x = np.array([nodes_x[0], 0.0, nodes_x[-1]])
    nodes_x, few_x = single((nodes_x, few_x))
    recoil = detector.recoil

    def along(b: Pair) -> tuple[Array, Array]:
        """(p_A.n_+, p_A.n_-) as Minkowski products with (1, n): E - p.n without cancellation."""
        m1, m2 = MASS_B**2 / (b.e1 + b.p1), MASS_B**2 / (b.e2 + b.p2)
        return b.p1 * w11 + b.p2 * w12 + m1 + m2, b.p1 * w21 + b.p2 * w22 + m1 + m2

    def best_tilt(u1: Array, u2: Array, gap: Array) -> tuple[Array, Array]:
        """(x where the leptons' transfer functions are largest, standard deviation of x) at fixed (s_A, s_H, t)."""
        up, down = u1 * jnp.exp(leptons.tilt), u2 * jnp.exp(-leptons.tilt)
        l, slope = _lepton_scale(leptons.c, up + down, gap)
        r = 2.0 * (up - down) / slope  # -dln l/dx
        offset = jnp.log(l) - leptons.scale
        i1, i2 = 1.0 / leptons.rel1**2, 1.0 / leptons.rel2**2
        precision = (1.0 - r) ** 2 * i1 + (1.0 + r) ** 2 * i2
        shift = -offset * ((1.0 - r) * i1 - (1.0 + r) * i2) / precision
        # far off the linear estimate is only a place to start from
        return leptons.tilt + jnp.clip(shift, -0.5, 0.5), 1.0 / jnp.sqrt(precision)

    def range_of_t(s_a: Array, gap: Array) -> tuple[Array, Array]:
        """(first, last) t [s_H] of the rule, from a scan at every other s_H."""
        mid = 0.5 * jnp.log(product_of_momenta(g.w, s_a, g.t_fold))
        t_low = jnp.maximum(ends[0, 0] - mid, mid - ends[1, 1])
        t_high = jnp.minimum(ends[0, 1] - mid, mid - ends[1, 0])
        t_high = jnp.maximum(t_high, t_low + 1e-3)
        some = gap[::2]
        t = jnp.linspace(t_low, t_high, N_SCAN)[:, None]  # [N_SCAN, s_H/2]
        b = pair_at(g, s_a, t)
        log_b = log_density_of_pair(detector, x, b)
        u1, u2 = along(b)
        tilt, _ = best_tilt(u1, u2, some)
        l, _ = _lepton_scale(leptons.c, u1 * jnp.exp(tilt) + u2 * jnp.exp(-tilt), some)
        pull1 = (jnp.log(l) + tilt - leptons.scale - leptons.tilt) / leptons.rel1
        pull2 = (jnp.log(l) - tilt - leptons.scale + leptons.tilt) / leptons.rel2
        b1 = FourVector(b.e1, *(b.p1 * n for n in n1))
        b2 = FourVector(b.e2, *(b.p2 * n for n in n2))
        e_p, e_m = l * jnp.exp(tilt), l * jnp.exp(-tilt)
        k_x = e_p * n_plus[0] + e_m * n_minus[0] + b1.x + b2.x
        k_y = e_p * n_plus[1] + e_m * n_minus[1] + b1.y + b2.y
        to_x, to_y = recoil_shift(x, b1, b2, recoil.c)
        guess = (
            log_b
            - 0.5 * (pull1**2 + pull2**2)
            - 0.5 * ((to_x - k_x) ** 2 + (to_y - k_y) ** 2) / recoil.sigma_u**2
            - 0.5 * (k_x**2 + k_y**2) / jnp.max(recoil.sigmas) ** 2
            - jnp.log((leptons.c * l**2 - s_z) ** 2 + mg_z**2)
        )
        # of a Gaussian this is linear in t on either side of the peak: where does it reach its end?
        depth = jnp.sqrt(jnp.max(guess, axis=0) - guess) - math.sqrt(T_REACH)
        near = depth < 0.0
        spacing = (t_high - t_low) / (N_SCAN - 1)
        cross = t[:-1] + spacing * depth[:-1] / jnp.where(near[:-1] == near[1:], 1.0, depth[:-1] - depth[1:])
        rises, falls = ~near[:-1] & near[1:], near[:-1] & ~near[1:]
        first = jnp.where(near[0], t_low, jnp.min(jnp.where(rises, cross, jnp.inf), axis=0))
        last = jnp.where(near[-1], t_high, jnp.max(jnp.where(falls, cross, -jnp.inf), axis=0))
        ends_of_t = _with_neighbours(first, jnp.minimum), _with_neighbours(last, jnp.maximum)
        # where the nodes lie is not differentiated: an integral does not depend on it
        return jax.lax.stop_gradient(ends_of_t)

    def rapidity(at_x: Array, u1: Array, u2: Array, pair: FourVector, gap: Array, s_h: Array) -> Array:
        """Of the final state, at x = ``at_x``."""
        exp_x = jnp.exp(at_x)
        l, _ = _lepton_scale(leptons.c, u1 * exp_x + u2 / exp_x, gap)
        p_z = l * (exp_x * n_plus[2] + n_minus[2] / exp_x) + pair.z
        # arcsinh(p_z/m_T), whose library function is ten times slower
        return jnp.sign(p_z) * jnp.log((jnp.abs(p_z) + jnp.sqrt(p_z**2 + s_h)) / jnp.sqrt(s_h))

    def log_luminosities(y: Array, s_h: Array, degree: int) -> list[Array]:
        """ln(f f flux) at all scales and rapidities ``y`` [x, s_H, t], ``s_h`` [s_H, 1].

        q1 q2 = s_H/s, so that at each s_H it is a function of y alone: a polynomial.
        """
        edge = 0.5 * jnp.log(sqrt_s**2 / s_h)
        inside = jnp.clip(y, -edge + EDGE, edge - EDGE)
        low, high = (end(inside, axis=(0, 2))[:, None] for end in (jnp.min, jnp.max))
        middle, half = 0.5 * (high + low), 0.5 * (high - low) + EDGE
        nodes = np.polynomial.chebyshev.chebpts1(degree + 1)
        solve = np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, degree)).T
        nodes, solve = single((nodes, solve))
        root, boost = jnp.sqrt(s_h) / sqrt_s, jnp.exp(middle + half * nodes)
        q1, q2 = root * boost, root / boost
        valid = (q1 < 1.0) & (q2 < 1.0)
        q1, q2 = jnp.where(valid, q1, 0.5), jnp.where(valid, q2, 0.5)
        state = measure.InitialState(q1, q2, s_h, (2.0 * math.pi) ** 4 / (q1 * q2 * sqrt_s**4), valid)
        u = jnp.clip((y - middle) / half, -1.0, 1.0)
        out = []
        for pdf in gluon_at:
            c = safe_log(measure.gluon_luminosity(pdf, state) * state.flux) @ solve
            d0, d1 = jnp.zeros_like(u), jnp.zeros_like(u)
            for k in range(degree, 0, -1):
                d0, d1 = 2.0 * u * d0 - d1 + c[:, k : k + 1], d0
            out.append(jnp.where(jnp.abs(y) < edge, u * d0 - d1 + c[:, :1], safe_log(jnp.zeros_like(u))))
            # other scales: the ratio of the luminosities on the line x = tilt
            y, u = (a[1:2] for a in (y, u)) if len(out) == 1 else (y, u)
        return out

    def integrand(tilt, sd, u1, u2, log_b, pair, to_k, gap, s_a, log_lumi) -> tuple[Array, Array]:
        """(ln of the parts with a large range, the other factors) at [s_H, t, x]."""
        at_x = tilt + sd * nodes_x
        share = nodes_x / nodes_x[-1]
        exp_x = jnp.exp(at_x)
        inverse = 1.0 / exp_x
        up, down = u1 * exp_x, u2 * inverse
        l, slope = _lepton_scale(leptons.c, up + down, gap)
        e_p, e_m = l * exp_x, l * inverse
        s_ll = leptons.c * l**2
        k_x = e_p * n_plus[0] + e_m * n_minus[0] + pair.x
        k_y = e_p * n_plus[1] + e_m * n_minus[1] + pair.y
        energy = e_p + e_m + pair.e
        k2 = k_x**2 + k_y**2
        off2 = (to_k[0] - k_x) ** 2 + (to_k[1] - k_y) ** 2
        log_l = jnp.log(l)
        widest = jnp.max(recoil.sigmas)
        log_value = (
            log_b
            + log_plus(log_l + at_x)
            + log_minus(log_l - at_x)
            + log_lumi[0]
            + share * (log_lumi[1] + share * log_lumi[2])
            - 0.5 * (off2 / recoil.sigma_u**2 + k2 / widest**2)
        )
        g_ratio = sum(
            weight / sigma**2 * jnp.exp(-0.5 * k2 * (1.0 / sigma**2 - 1.0 / widest**2))
            for weight, sigma in zip(recoil.weights, recoil.sigmas, strict=True)
        )
        # helicity sum of the leptons, both |p| (phase space) and dE_+ dE_- = 2 l dl dx
        spins = 4.0 * l**2 * up * down - s_a * s_ll
        factor = (
            g_ratio
            / (2.0 * math.pi * recoil.sigma_u) ** 2
            * spins
            * (2.0 * l**3 / slope)
            / ((s_ll - s_z) ** 2 + mg_z**2)
            * energy
            / jnp.sqrt(jnp.maximum(energy**2 - k2, 1e-6))
        )
        return log_value, factor

    def at(s_a: Array, gap: Array) -> Densities:
        dtype = gap.dtype
        s_a, gap = single((s_a, gap))
        first_t, last_t = range_of_t(s_a, gap)
        step = (last_t - first_t) / (n_t - 1)
        t = first_t[:, None] + step[:, None] * jnp.arange(n_t)  # [s_H, t]
        b = pair_at(g, s_a, t)
        u1, u2 = along(b)
        tilt, sd = best_tilt(u1, u2, gap[:, None])
        log_b = log_density_of_pair(detector, x, b)
        log_b += jnp.log(b.jacobian * b.p1 * b.p2 * sd * x_step * step[:, None])
        b1 = FourVector(b.e1, *(b.p1 * n for n in n1))
        b2 = FourVector(b.e2, *(b.p2 * n for n in n2))
        pair = b1 + b2
        to_k = recoil_shift(x, b1, b2, recoil.c)
        s_h = s_a + gap[:, None]
        y = rapidity(tilt + sd * few_x[:, None, None], u1, u2, pair, gap[:, None], s_h)
        first, *others = log_luminosities(y, s_h, DEGREE)
        steep = jnp.any(jnp.max(first, axis=(0, 2)) - jnp.min(first, axis=(0, 2)) > STEEP)
        low, middle, high = jax.lax.cond(
            steep, lambda: log_luminosities(y, s_h, STEEP_DEGREE)[0], lambda: first
        )
        log_lumi = (middle, 0.5 * (high - low), 0.5 * (high + low) - middle)
        # what does not depend on x is computed once, not again for every x
        tilt, sd, u1, u2, log_b, pair, to_k, log_lumi = (
            jax.tree.map(lambda a: a[..., None], tree)
            for tree in jax.lax.optimization_barrier((tilt, sd, u1, u2, log_b, pair, to_k, log_lumi))
        )
        log_value, factor = integrand(tilt, sd, u1, u2, log_b, pair, to_k, gap[:, None, None], s_a, log_lumi)
        largest = jax.lax.stop_gradient(jnp.max(log_value, axis=(1, 2)))
        value = jnp.exp(log_value - largest[:, None, None]) * factor
        # three sums of it: without the barrier each would evaluate everything again
        value = jax.lax.optimization_barrier(value)
        per_t = jnp.sum(value, axis=2)
        half_t = 2.0 * jnp.sum(per_t[:, ::2], axis=1)
        half_x = 2.0 * jnp.sum(value[:, :, ::2], axis=(1, 2))
        ratios = [jnp.exp(other[0] - first[1]) for other in others]
        sums = [jnp.sum(per_t, axis=1)] + [jnp.sum(per_t * ratio, axis=1) for ratio in ratios]

        def log(values: list[Array]) -> Array:
            # far out the sums underflow; the derivative of a logarithm there is no number
            total = jnp.stack(values).astype(dtype)
            there = total > 0.0
            logs = jnp.where(there, jnp.log(jnp.where(there, total, 1.0)), -jnp.inf)
            return logs + largest.astype(dtype) + LOG_CONSTANT

        return Densities(log(sums), log([half_t, half_x]))

    return at
