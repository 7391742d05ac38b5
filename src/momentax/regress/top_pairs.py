"""How well an event fits a top pair on its mass shells, as inputs of the ttbar network.

With both W and top masses fixed, each neutrino is on an ellipse (`momentax.maps.neutrino_ellipse`). On a grid of both
angles the two are summed with the weights of the missing momentum, of g(k_T) and of a falling parton luminosity: a
coarse picture of the integral without its matrix element, four microseconds an event.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_T, MASS_W, SQRT_S
from momentax.kinematics import FourVector, dot
from momentax.maps.neutrino_ellipse import NeutrinoEllipse

Array = jax.Array

_OF_ASSIGNMENT = ("log_w", "log_sum", "chi2", "pull_top", "pull_antitop", "log_tau", "boost")
NAMES = (*(f"{v}_{a}" for a in ("better", "worse") for v in _OF_ASSIGNMENT), "log_w_both")

_ANGLES = 12
_HEAVIEST = 0.95
"""Largest m_lb^2 over that of a top on its mass shell: a heavier pair has its b energy lowered to it."""
_TYPICAL = 1e-8
"""Keeps tau^-3, which the parton luminosity is about proportional to, within single precision."""
# built-in detector and g(k_T), as in momentax.regress.features
_NOISE, _CONSTANT, _RECOIL = 1.0, 0.10, 20.0
_G = ((0.5, 10.0), (0.35, 30.0), (0.15, 80.0))


def top_pair(energy: Array, eta: Array, phi: Array, met_x: Array, met_y: Array) -> Array:
    """Inputs `NAMES` [n, 15] from energies (GeV) and directions of l+, l-, j1, j2, [n, 4], and the missing momentum."""
    wide = [a.astype(jnp.float64) for a in (energy, eta, phi, met_x, met_y)]
    energy, eta, phi, met_x, met_y = wide

    def momentum(k: int) -> FourVector:
        pt = energy[:, k] / jnp.cosh(eta[:, k])
        return FourVector(
            energy[:, k], pt * jnp.cos(phi[:, k]), pt * jnp.sin(phi[:, k]), energy[:, k] * jnp.tanh(eta[:, k])
        )

    plus, minus, j1, j2 = (momentum(k) for k in range(4))
    first = _assignment(plus, minus, j1, j2, met_x, met_y)
    second = _assignment(plus, minus, j2, j1, met_x, met_y)
    better = (first[:, :1] > second[:, :1]).astype(first.dtype)
    both = jnp.logaddexp(first[:, 0], second[:, 0])
    found = [
        better * first + (1 - better) * second,
        better * second + (1 - better) * first,
        both[:, None],
    ]
    return jnp.concatenate(found, axis=1)


def _assignment(
    plus: FourVector, minus: FourVector, b: FourVector, bbar: FourVector, met_x: Array, met_y: Array
) -> Array:
    """`_OF_ASSIGNMENT` [n, 7]: ln of all weights and of the sum alone, least chi2, pulls of both b, ln of the mean tau,
    mean boost."""
    heaviest = _HEAVIEST * (MASS_T**2 - MASS_W**2)
    u_x, u_y, pulls, ellipses, quarks = met_x, met_y, [], [], []
    c_xx = c_yy = jnp.full_like(met_x, _RECOIL**2)
    c_xy = jnp.zeros_like(met_x)
    log_g = jnp.zeros_like(met_x)
    for lepton, quark in ((plus, b), (minus, bbar)):
        pair = jnp.maximum(2.0 * dot(lepton, quark), 1.0)
        r = jnp.minimum(1.0, heaviest / pair)
        sigma = jnp.sqrt(_NOISE**2 / (r * quark.e) + _CONSTANT**2)
        pulls.append((1.0 / r - 1.0) / sigma)
        u_x, u_y = u_x + (1 - r) * quark.x, u_y + (1 - r) * quark.y
        # its energy moves the missing momentum along it
        c_xx = c_xx + (sigma * r * quark.x) ** 2
        c_yy = c_yy + (sigma * r * quark.y) ** 2
        c_xy = c_xy + (sigma * r) ** 2 * quark.x * quark.y
        scaled = FourVector(*(r * p for p in quark))
        quarks.append(scaled)
        ellipses.append(NeutrinoEllipse.from_masses(lepton, scaled, MASS_W**2, MASS_T**2))
        log_g = log_g - jnp.log(jnp.maximum(dot(lepton, scaled), 1.0))
    visible = plus + minus + quarks[0] + quarks[1]
    det = c_xx * c_yy - c_xy**2
    single = [
        a.astype(jnp.float32)[:, None, None]
        for a in (u_x, u_y, c_yy / det, c_xx / det, -c_xy / det, *visible)
    ]
    u_x, u_y, i_xx, i_yy, i_xy, e, v_x, v_y, v_z = single
    angles = 2.0 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    cos, sin = (f(angles).astype(np.float32)[None, :] for f in (np.cos, np.sin))
    nu = []
    for axis, ellipse in enumerate(ellipses):
        parts = [
            (c[:, None] + p[:, None] * cos + q[:, None] * sin).astype(jnp.float32)
            for c, p, q in zip(ellipse.centre, ellipse.axis_cos, ellipse.axis_sin, strict=True)
        ]
        nu.append(FourVector(*(jnp.expand_dims(a, 2 - axis) for a in parts)))
    both = nu[0] + nu[1]
    d_x, d_y = u_x - both.x, u_y - both.y
    chi2 = i_xx * d_x**2 + i_yy * d_y**2 + 2.0 * i_xy * d_x * d_y
    least = jnp.min(chi2, axis=(1, 2))
    k2 = (v_x + both.x) ** 2 + (v_y + both.y) ** 2
    # the mixture g(k_T) without its exponentials: what matters is how it falls
    g = sum(w / s**2 / (1.0 + 0.25 * k2 / s**2) ** 2 for w, s in _G)
    energy2 = jnp.maximum((e + both.e) ** 2 - k2, 1.0)
    z = v_z + both.z
    tau = jnp.maximum(energy2 - z**2, 1.0) / SQRT_S**2
    w = jnp.exp(-0.5 * (chi2 - least[:, None, None])) * g / (tau * tau * tau) * _TYPICAL
    total = jnp.sum(w, axis=(1, 2))
    log_sum = jnp.log(total) - 0.5 * least - 2.0 * np.log(_ANGLES)
    log_tau = jnp.log(jnp.sum(w * tau, axis=(1, 2)) / total)
    boost = jnp.sum(w * z * jax.lax.rsqrt(energy2), axis=(1, 2)) / total
    log_w = log_sum - 0.5 * (pulls[0] ** 2 + pulls[1] ** 2) + log_g
    columns = [
        jnp.arcsinh(log_w / 4.0),
        jnp.arcsinh(log_sum / 4.0),
        jnp.arcsinh(least),
        *(jnp.arcsinh(p) for p in pulls),
        log_tau,
        boost,
    ]
    return jnp.stack([c.astype(jnp.float32) for c in columns], axis=1)
