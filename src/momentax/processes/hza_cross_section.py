"""Cross section of H -> ZA before any selection, by quadrature: what a smooth surface need not follow.

    sigma = (hbar c)^2 Int ds_H/s dY f_g f_g 1/(2 s_H) ds_ll/(2 pi) ds_bb/(2 pi)
            sqrt(lambda)/(8 pi s_H) 1/(8 pi) beta_b/(8 pi) <Mbar^2>,    lambda = lambda(s_H, s_ll, s_bb)

The squared amplitude averaged over the decay angles has the leptons' sum 4 (p_A.l)(p_A.l') - s_bb s_ll -> lambda/6. All
three Breit-Wigner factors are integrated over, so widths from MeV to hundreds of GeV, thresholds of branching ratios
and of the loop are in the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B
from momentax.pdf import FixedScalePdf, PdfSet, load_pdf
from momentax.processes.hza import HZA
from momentax.processes.hza_plane import couplings, form_factor2

PANELS, ORDER = (6, 4, 3), 12
"""Panels of the Gauss-Legendre rules in v, s = M^2 + M Gamma sinh v, for s_H, s_bb and s_ll; points of a panel. v
follows the pole and its tails: near the threshold of H -> ZA the tail of H above it counts."""
LOW_RANGES = 12
"""Ranges in ln s_H below the resonance, a panel each."""
RAPIDITY_PANELS = 8
BLOCK = 16
"""Points in s_H at a time: their arrays stay in the cache."""


def cross_sections(
    hypotheses: Sequence[HZA], physics: PhysicsConfig | None = None, pdf: PdfSet | None = None
) -> np.ndarray:
    """Cross sections [k] in pb of one pair of lepton flavours, good to a part in 1,000 or better.

    Raises ConfigError when the PDF set is not found.
    """
    physics = physics or PhysicsConfig()
    pdf = pdf if pdf is not None else load_pdf(physics.pdf.set, physics.pdf.member)
    return np.array([_one(h, physics, pdf) for h in hypotheses])


def _one(hypothesis: HZA, physics: PhysicsConfig, pdf: PdfSet) -> float:
    scale, s = hypothesis.factorisation_scale(physics), physics.sqrt_s**2
    q: Any = hypothesis.amplitude_parameters(hypothesis.alpha_s(physics, pdf), physics)
    q = q._replace(**{name: float(value) for name, value in q._asdict().items()})
    s_min = 4.0 * MASS_B**2
    # kinks where A, Z A and two tops in the loop open; a wide H reaches down to the many gluons of small momentum
    kinks = (q.mass_A**2, (q.mass_A + q.mass_z) ** 2, 4.0 * q.mass_t**2)
    low = 0.5 * q.mass_H**2
    edges = sorted({s_min, *np.geomspace(s_min, low, LOW_RANGES)[1:], *kinks, s})
    sides = [
        _pole_rule(first, last, q.mass_H, q.width_H, PANELS[0] if last > low else 1)
        for first, last in pairwise(edges)
    ]
    s_h, w_h = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    decays = np.concatenate([_decays(q, part) for part in np.array_split(s_h, len(s_h) // BLOCK)])
    form = np.asarray(form_factor2(jnp.asarray(s_h), q))
    phase_space = 1.0 / (2.0 * math.pi) ** 2 / (8.0 * math.pi) ** 3 / 6.0
    # of s_H: 1/(2 s_H) of the flux, 1/s_H of the two-body phase space, s_H^2 of the amplitude
    total = np.sum(w_h * form * 0.5 / s * _luminosity(pdf.at_scale(scale), s_h / s) * decays)
    return float(HBARC2_PB * phase_space * float(couplings(q)) * total)


def _decays(q: Any, s_h: np.ndarray) -> np.ndarray:
    """Int ds_bb ds_ll s_bb beta_b lambda^(3/2) / (|s_bb - M_A^2 + ...|^2 |s_ll - M_Z^2 + ...|^2) at ``s_h`` [n]."""
    s_min = 4.0 * MASS_B**2
    s_bb, w_bb = _pole_rule(np.full_like(s_h, s_min), s_h, q.mass_A, q.width_A, PANELS[1])  # [s_bb, s_H]
    rest = (np.sqrt(s_h) - np.sqrt(s_bb)) ** 2
    s_ll, w_ll = _pole_rule(np.zeros_like(rest), rest, q.mass_z, q.width_z, PANELS[2])  # [s_ll, s_bb, s_H]
    kallen = np.maximum((s_h - s_bb - s_ll) ** 2 - 4.0 * s_bb * s_ll, 0.0)
    of_ll = np.sum(w_ll * kallen * np.sqrt(kallen), axis=0)
    return np.asarray(np.sum(w_bb * s_bb * np.sqrt(np.maximum(1.0 - s_min / s_bb, 0.0)) * of_ll, axis=0))


def _pole_rule(low: Any, high: Any, mass: float, width: float, panels: int) -> tuple[np.ndarray, np.ndarray]:
    """Points s [n, ...] in [low, high] [...] and their weights times 1/|s - M^2 + i M Gamma|^2."""
    x, w = np.polynomial.legendre.leggauss(ORDER)
    u = ((np.arange(panels)[:, None] + 0.5 * (x + 1.0)) / panels).ravel()
    weight = np.tile(0.5 * w / panels, panels)
    shape = (-1,) + (1,) * np.ndim(low)
    gamma = mass * width
    first, last = np.arcsinh((low - mass**2) / gamma), np.arcsinh((high - mass**2) / gamma)
    v = first + (last - first) * u.reshape(shape)
    points = np.clip(mass**2 + gamma * np.sinh(v), low, high)
    return points, weight.reshape(shape) * (last - first) / (gamma * np.cosh(v))


@jax.jit
def _gluon(pdf: FixedScalePdf, x: Any) -> jax.Array:
    """x f_g(x); compiled, so that the other partons cost nothing."""
    return pdf.xf(x).g


def _luminosity(pdf: FixedScalePdf, tau: np.ndarray) -> np.ndarray:
    """Int dY f_g(sqrt(tau) e^Y) f_g(sqrt(tau) e^-Y) [n], over both signs of Y."""
    x, w = np.polynomial.legendre.leggauss(ORDER)
    u = ((np.arange(RAPIDITY_PANELS)[:, None] + 0.5 * (x + 1.0)) / RAPIDITY_PANELS).ravel()
    weight = np.tile(0.5 * w / RAPIDITY_PANELS, RAPIDITY_PANELS)
    edge = -0.5 * np.log(tau)
    y = edge * u[:, None]
    q1, q2 = (np.sqrt(tau) * np.exp(sign * y) for sign in (1.0, -1.0))
    density = np.asarray(_gluon(pdf, q1)) * np.asarray(_gluon(pdf, q2)) / tau
    return 2.0 * edge * np.sum(weight[:, None] * density, axis=0)


__all__ = ["cross_sections"]
