"""H -> ZA of one event as a table: the density of the weight in (s_A, s_H), from which every mass point follows.

The hypothesis enters the integrand of :mod:`momentax.processes.hza` through two Breit-Wigner factors, functions of
s_H = s_llbb alone, and the scale muF. With

    b energies:      |p_1| = sqrt(S) e^t, |p_2| = sqrt(S) e^-t,   s_A(S, t) solved for S in closed form,
    lepton energies: E_+ = l e^x, E_- = l e^-x,                   s_H(l, x, S, t) solved for l,

W(mH, mA) = C(mH, mA) Int ds_A ds_H rho(s_A, s_H; muF) F(s_H) / (|s_A - M_A^2|^2 |s_H - M_H^2|^2),

where rho is the integral over t and x of everything else. s_H grows with l, so there is no fold at fixed (s_A, s_H):
where two b-energy solutions merge, t passes through the minimum of s_H and l takes up the difference. Integrand and
density are as smooth as the resolutions allow, so the trapezoidal rule over t and x converges geometrically.
ln rho is tabulated on nodes (a, v): a = ln s_A, and v a coordinate of ln(s_H - s_A) relative to its value on the fold.
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
from momentax.processes import measure
from momentax.processes.hza_geometry import (
    Geometry,
    Pair,
    a_of,
    eta_of,
    fold,
    geometry,
    pair_at,
    product_of_momenta,
    safe_log,
)
from momentax.processes.observed import Observed, Particle, lepton_density, recoil_shift
from momentax.transfer import Detector, GaussianTransfer

Array = jax.Array


class Nodes(NamedTuple):
    """Numbers of nodes: of the table in a and v, and of the trapezoidal rules in t and x."""

    a: int = 28
    v: int = 60
    t: int = 24
    x: int = 8

    @property
    def total(self) -> int:
        """Evaluations of the integrand."""
        return self.a * self.v * self.t * self.x


COARSE, MEDIUM, FINE = Nodes(), Nodes(40, 88, 32, 12), Nodes(56, 120, 48, 16)
"""The ladder of tables; FINE has half of every step of COARSE."""
X_SPAN = 9.6
"""The rule in x covers this many standard deviations."""
T_REACH = 14.0
"""The rule in t covers e^-14 of the largest integrand at its (s_A, s_H)."""
N_SCAN = 48
"""Points in t of the scan that finds where the integrand is."""
N_SMOOTH = 6
"""Nodes in t at which parton luminosities are evaluated; between them ln of it is a polynomial in t and x."""
STEEP = 7.0
"""Luminosities that vary by more than e^7 over the nodes of an s_H are evaluated at every point."""
LOG_CURVE_DEGREE = 8
LOG_CURVE_REACH = 9.0
"""ln T of a Gaussian lepton as a Chebyshev series, over this many standard deviations on either side."""


class Table(NamedTuple):
    """ln rho of an event on the nodes, from all points of the rules and from every other one in t, and in x."""

    geometry: Geometry
    log_rho: Array
    """[scales, a, v], of rho in pb/(GeV^6 sr^4) GeV^4 (see module); -inf where there is nothing."""
    log_coarse: Array
    """[2, a, v] at the first scale: half the nodes in t; half the nodes in x."""


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
        u = jnp.clip((log_e - self.centre) / self.half, -1.0, 1.0)
        c = self.coefficients
        d0, d1 = jnp.zeros_like(u), jnp.zeros_like(u)
        for k in range(LOG_CURVE_DEGREE, 0, -1):
            d0, d1 = 2.0 * u * d0 - d1 + c[k], d0
        return u * d0 - d1 + c[0]


def _log_curve(detector: Detector, lepton: Particle) -> Callable[[Array], Array]:
    """ln T of a lepton as a function of ln E: a series for the smooth Gaussians, the function itself otherwise."""
    if not (isinstance(detector.electron, GaussianTransfer) and isinstance(detector.muon, GaussianTransfer)):
        return lambda log_e: safe_log(lepton_density(detector, lepton, jnp.exp(log_e)))
    nodes = np.polynomial.chebyshev.chebpts1(LOG_CURVE_DEGREE + 1)
    solve = np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, LOG_CURVE_DEGREE))
    centre, half = jnp.log(lepton.e_mean), LOG_CURVE_REACH * lepton.e_sd / lepton.e_mean
    values = safe_log(lepton_density(detector, lepton, jnp.exp(centre + half * nodes)))
    return _LogCurve(centre, half, jnp.asarray(solve) @ values).at


def _polynomial_through(nodes: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Matrix from values at ``nodes`` to those at ``x`` of the polynomial through them."""
    powers = np.vander(nodes, len(nodes))
    return np.linalg.solve(powers.T, np.vander(x, len(nodes)).T).T


def _lepton_scale(c: Array, v: Array, gap: Array) -> tuple[Array, Array]:
    """l > 0 with c l^2 + 2 l v = s_H - s_A = ``gap``, and d(s_H)/dl."""
    root = jnp.sqrt(v**2 + c * gap)
    return gap / (v + root), 2.0 * root


def _with_neighbours(ends: Array, choose: Callable[[Array, Array], Array]) -> Array:
    """Ends of the ranges of all nodes in v from those of every other one: the wider of the two neighbours'."""
    after = jnp.concatenate([ends[1:], ends[-1:]])
    return jnp.stack([ends, choose(ends, after)], axis=1).reshape(-1)


def tabulate(
    x: Observed,
    detector: Detector,
    sqrt_s: Array,
    gluon: Any,
    mass_z: Array,
    width_z: Array,
    nodes: Nodes = COARSE,
) -> Table:
    """The table of one event (scalars in ``x``).

    ``gluon``: a FixedScalePdf whose arrays have the scales as leading axis; sqrt_s, mass_z, width_z in GeV. The
    couplings and the Breit-Wigner factors of A and H are left out, that of the Z is in.
    """
    g, ends = geometry(x, detector, nodes.a)
    n1, n2, n_plus, n_minus = x.b.direction, x.bbar.direction, x.lep_plus.direction, x.lep_minus.direction
    w11, w12 = one_minus_cos(n_plus, n1), one_minus_cos(n_plus, n2)
    w21, w22 = one_minus_cos(n_minus, n1), one_minus_cos(n_minus, n2)
    e_plus, e_minus = x.lep_plus.e_mean, x.lep_minus.e_mean
    leptons = _Leptons(
        2.0 * one_minus_cos(n_plus, n_minus),
        0.5 * jnp.log(e_plus * e_minus),
        0.5 * jnp.log(e_plus / e_minus),
        x.lep_plus.e_sd / e_plus,
        x.lep_minus.e_sd / e_minus,
    )
    s_z, mg_z = mass_z**2, mass_z * width_z
    scales = jax.tree.leaves(gluon)[0].shape[0]
    gluon_at = [jax.tree.map(lambda leaf, k=k: leaf[k], gluon) for k in range(scales)]
    v = jnp.linspace(0.0, 1.0, nodes.v)
    eta = eta_of(g, v)
    x_step = X_SPAN / nodes.x
    y = x_step * (np.arange(nodes.x) - 0.5 * (nodes.x - 1))
    few = np.round(np.linspace(0, nodes.t - 1, N_SMOOTH)).astype(int)
    smooth_x = np.array([y[0], 0.0, y[-1]])
    to_t = jnp.asarray(_polynomial_through(few / (nodes.t - 1.0), np.arange(nodes.t) / (nodes.t - 1.0)))
    to_x = jnp.asarray(_polynomial_through(smooth_x / y[-1], y / y[-1]))
    log_plus, log_minus = _log_curve(detector, x.lep_plus), _log_curve(detector, x.lep_minus)
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

    def row(a: Array) -> tuple[Array, Array]:
        s_a = jnp.exp(a)
        gap = jnp.exp(fold(g, a) + eta)  # s_H - s_A [v]
        mid = 0.5 * jnp.log(product_of_momenta(g.w, s_a, g.t_fold))
        t_low = jnp.maximum(ends[0, 0] - mid, mid - ends[1, 1])
        t_high = jnp.minimum(ends[0, 1] - mid, mid - ends[1, 0])
        t_high = jnp.maximum(t_high, t_low + 1e-3)
        # scan: where in t is the integrand of every other s_H?
        some = gap[::2]
        t = jnp.linspace(t_low, t_high, N_SCAN)[:, None]  # [N_SCAN, v/2]
        b = pair_at(g, s_a, t)
        log_b = safe_log(detector.bjet.density(x.b.e_rec, b.e1)) + safe_log(
            detector.bjet.density(x.bbar.e_rec, b.e2)
        )
        u1, u2 = along(b)
        tilt, _ = best_tilt(u1, u2, some)
        l, _ = _lepton_scale(leptons.c, u1 * jnp.exp(tilt) + u2 * jnp.exp(-tilt), some)
        pull1 = (jnp.log(l) + tilt - leptons.scale - leptons.tilt) / leptons.rel1
        pull2 = (jnp.log(l) - tilt - leptons.scale + leptons.tilt) / leptons.rel2
        guess = log_b - 0.5 * (pull1**2 + pull2**2) - jnp.log((leptons.c * l**2 - s_z) ** 2 + mg_z**2)
        near = guess > jnp.max(guess, axis=0) - T_REACH
        spacing = (t_high - t_low) / (N_SCAN - 1)
        first_t = _with_neighbours(jnp.min(jnp.where(near, t, jnp.inf), axis=0) - spacing, jnp.minimum)
        last_t = _with_neighbours(jnp.max(jnp.where(near, t, -jnp.inf), axis=0) + spacing, jnp.maximum)
        step = (last_t - first_t) / (nodes.t - 1)
        t = first_t[:, None] + step[:, None] * jnp.arange(nodes.t)  # [v, t]
        b = pair_at(g, s_a, t)
        u1, u2 = along(b)
        tilt, sd = best_tilt(u1, u2, gap[:, None])
        per_b = (
            b.jacobian
            * detector.bjet.density(x.b.e_rec, b.e1)
            * detector.bjet.density(x.bbar.e_rec, b.e2)
            * b.p1
            * b.p2
        )
        pair = FourVector(
            b.e1 + b.e2,
            b.p1 * n1[0] + b.p2 * n2[0],
            b.p1 * n1[1] + b.p2 * n2[1],
            b.p1 * n1[2] + b.p2 * n2[2],
        )

        def leptons_at(xs: Array, pick: Any) -> tuple[Array, ...]:
            """(l, ds_H/dl, e^x, u1 e^x, u2 e^-x) at xs [v, t, x] for the t that ``pick`` chooses."""
            exp_x = jnp.exp(xs)
            u1x, u2x = u1[:, pick, None] * exp_x, u2[:, pick, None] / exp_x
            l, slope = _lepton_scale(leptons.c, u1x + u2x, gap[:, None, None])
            return l, slope, exp_x, u1x, u2x

        def log_luminosity(xs: Array, pick: Any, pdfs: Any) -> list[Array]:
            l, _, exp_x, _, _ = leptons_at(xs, pick)
            lp, lm = x.lep_plus.momentum(l * exp_x, 0.0), x.lep_minus.momentum(l / exp_x, 0.0)
            state = measure.initial_state(lp + lm + FourVector(*(c[:, pick, None] for c in pair)), sqrt_s)
            return [
                jnp.where(
                    state.valid,
                    safe_log(measure.gluon_luminosity(pdf, state) * state.flux),
                    safe_log(jnp.zeros(())),
                )
                for pdf in pdfs
            ]

        b1 = FourVector(b.e1, b.p1 * n1[0], b.p1 * n1[1], b.p1 * n1[2])
        b2 = FourVector(b.e2, b.p2 * n2[0], b.p2 * n2[1], b.p2 * n2[2])
        to_kx, to_ky = recoil_shift(x, b1, b2, recoil.c)
        # what does not depend on x is computed once, not again for every x
        u1, u2, tilt, sd, per_b, pair, to_kx, to_ky = jax.lax.optimization_barrier(
            (u1, u2, tilt, sd, per_b, pair, to_kx, to_ky)
        )
        xs = tilt[..., None] + sd[..., None] * y  # [v, t, x]
        # luminosities of all scales at a few points: at fixed s_H only the rapidity moves, and ln of them is nearly a
        # polynomial; near the beam energy it is not
        lumi = log_luminosity(tilt[:, few, None] + sd[:, few, None] * smooth_x, few, gluon_at)
        steep = jnp.max(lumi[0], axis=(1, 2)) - jnp.min(lumi[0], axis=(1, 2)) > STEEP
        log_lumi = jax.lax.cond(
            jnp.any(steep),
            lambda: log_luminosity(xs, slice(None), gluon_at[:1])[0],
            lambda: jnp.einsum("ti,vij,xj->vtx", to_t, lumi[0], to_x),
        )

        l, slope, exp_x, u1x, u2x = leptons_at(xs, slice(None))
        e_p, e_m = l * exp_x, l / exp_x
        s_ll = leptons.c * l**2
        k_x = e_p * n_plus[0] + e_m * n_minus[0] + pair.x[..., None]
        k_y = e_p * n_plus[1] + e_m * n_minus[1] + pair.y[..., None]
        energy = e_p + e_m + pair.e[..., None]
        k2 = k_x**2 + k_y**2
        off2 = (to_kx[..., None] - k_x) ** 2 + (to_ky[..., None] - k_y) ** 2
        log_l = jnp.log(l)
        exponent = log_plus(log_l + xs) + log_minus(log_l - xs) + log_lumi - 0.5 * off2 / recoil.sigma_u**2
        smeared = (
            sum(
                recoil.weights[i]
                / recoil.sigmas[i] ** 2
                * jnp.exp(exponent - 0.5 * k2 / recoil.sigmas[i] ** 2)
                for i in range(recoil.weights.shape[0])
            )
            / (2.0 * math.pi * recoil.sigma_u) ** 2
        )
        # helicity sum of the leptons, both |p| (phase space) and dE_+ dE_- = 2 l dl dx
        spins = 4.0 * l**2 * u1x * u2x - s_a * s_ll
        value = (
            smeared
            * spins
            * (2.0 * l**3 / slope)
            / ((s_ll - s_z) ** 2 + mg_z**2)
            * energy
            / jnp.sqrt(jnp.maximum(energy**2 - k2, 1e-6))
        )
        value = value * (per_b * sd * x_step * step[:, None])[..., None]
        # three sums of it: without the barrier each would evaluate everything again
        value = jax.lax.optimization_barrier(value)
        per_t = jnp.sum(value, axis=2)
        half_t = 2.0 * jnp.sum(per_t[:, ::2], axis=1)
        half_x = 2.0 * jnp.sum(value[:, :, ::2], axis=(1, 2))
        # other scales: the ratio of the luminosities on the line x = tilt
        ratios = [jnp.exp((other - lumi[0])[:, :, 1] @ to_t.T) for other in lumi[1:]]
        sums = [jnp.sum(per_t, axis=1)] + [jnp.sum(per_t * ratio, axis=1) for ratio in ratios]
        return jnp.stack(sums), jnp.stack([half_t, half_x])

    rho, coarse = jax.lax.map(row, a_of(g, jnp.arange(nodes.a)))
    constant = math.log(HBARC2_PB / (2.0 * measure.TWO_PI_CUBED) ** 4)

    def log(values: Array) -> Array:
        # far out the sums underflow; the derivative of a logarithm there is no number
        there = values > 1e-290
        logs = jnp.where(there, jnp.log(jnp.where(there, values, 1.0)), -jnp.inf)
        return jnp.moveaxis(logs, 1, 0) + constant

    return Table(g, log(rho), log(coarse))
