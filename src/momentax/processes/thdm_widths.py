"""Leading-order partial widths of the neutral Higgs bosons H and A of the two-Higgs-doublet model.

Djouadi, Phys. Rept. 457 (2008) 1 and 459 (2008) 1. "Leading order with running masses" means: light quarks with
MS-bar masses at the scale of the Higgs mass and the one-loop QCD factor 1 + 5.67 alpha_s/pi; top pairs with the pole
mass, both tops off shell, and the one-loop QCD factor of Drees and Hikasa, Phys. Lett. B240 (1990) 455; gg with its
one-loop QCD factor. alpha_s and masses run at one loop with five flavours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import spence

from momentax.constants import MASS_B, MASS_T, MASS_W, MASS_Z, WIDTH_Z

G_FERMI = 1.16637e-5
"""Fermi constant, GeV^-2."""
ALPHA_S_MZ = 0.118
MASS_B_MSBAR, MASS_C_MSBAR, MASS_S_MSBAR = 4.18, 1.27, 0.0935
"""MS-bar masses m_b(m_b), m_c(m_c), m_s(2 GeV), GeV."""
MASS_C_POLE, MASS_TAU, MASS_MU = 1.5, 1.777, 0.10566

OFF_SHELL_ZA_SHARE = 0.5
"""Share of the integral over the Z line shape counted as H -> Z* A when it exceeds the on-shell width.

The CMS grid of widths has 0.48-0.49 of this integral from 20 GeV below the threshold mH = mA + mZ to 2 GeV
above it, and the on-shell width beyond. The full integral joins the on-shell width smoothly, so the half is a
convention of that grid; it is followed because the widths are defined by it. It moves the total only for
|mH - mA - mZ| < 12 GeV, by up to 47 %.
"""


class Partial(NamedTuple):
    """Partial widths of one neutral Higgs boson, GeV; zero where closed."""

    tt: float
    bb: float
    cc: float
    ss: float
    tautau: float
    mumu: float
    gg: float
    ww: float = 0.0
    zz: float = 0.0
    hh: float = 0.0
    aa: float = 0.0
    za: float = 0.0
    zh: float = 0.0

    @property
    def total(self) -> float:
        return float(sum(self))


def alpha_s(q: float) -> float:
    """One-loop alpha_s with five flavours from alpha_s(mZ) = 0.118."""
    return 1.0 / (1.0 / ALPHA_S_MZ + 23.0 / (6.0 * np.pi) * np.log(q / MASS_Z))


def running_mass(mass: float, q: float, scale: float = MASS_B_MSBAR) -> float:
    """One-loop MS-bar mass at ``q`` of a quark with mass ``mass`` at ``scale``: (alpha_s ratio)^(12/23)."""
    return float(mass * (alpha_s(q) / alpha_s(scale)) ** (12.0 / 23.0))


def fermions_and_gluons(m: float, up: float, down: float, odd: bool) -> dict[str, float]:
    """Partial widths by names of :class:`Partial`; ``up``, ``down``: reduced couplings; ``odd``: CP-odd scalar."""
    power = 0.5 if odd else 1.5  # beta for a CP-odd scalar, beta^3 for a CP-even one
    qcd = 1.0 + 5.67 * alpha_s(m) / np.pi

    def pair(yukawa: float, pole: float, coupling: float, colours: float) -> float:
        """N_c G_F/(4 sqrt2 pi) kappa^2 m_f^2 M beta^(3 or 1)."""
        if m <= 2.0 * pole:
            return 0.0
        beta2 = 1.0 - (2.0 * pole / m) ** 2
        return colours * G_FERMI / (4.0 * np.sqrt(2.0) * np.pi) * (coupling * yukawa) ** 2 * m * beta2**power

    charm = running_mass(MASS_C_MSBAR, m, MASS_C_MSBAR)
    strange = running_mass(MASS_S_MSBAR, m, 2.0)
    return {
        "tt": _top_pair(m, odd) * up**2,
        "bb": pair(running_mass(MASS_B_MSBAR, m), MASS_B, down, 3.0 * qcd),
        "cc": pair(charm, MASS_C_POLE, up, 3.0 * qcd),
        "ss": pair(strange, strange, down, 3.0 * qcd),
        "tautau": pair(MASS_TAU, MASS_TAU, down, 1.0),
        "mumu": pair(MASS_MU, MASS_MU, down, 1.0),
        "gg": _gluons(m, up, down, odd),
    }


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def _line_shape(
    mass: float, width: float, s_min: float, s_max: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of int ds/pi m Gamma/((s-m^2)^2 + m^2 Gamma^2): Gauss-Legendre in the angle."""
    lo = np.arctan((s_min - mass**2) / (mass * width))
    hi = np.arctan((np.asarray(s_max) - mass**2) / (mass * width))
    half = 0.5 * (hi - lo)[..., None]
    theta = half * _NODES + 0.5 * (hi + lo)[..., None]
    return mass**2 + mass * width * np.tan(theta), half * _WEIGHTS / np.pi


def top_width(mass_t: float = MASS_T) -> float:
    """Leading-order t -> W b, massless b: G_F m^3/(8 sqrt2 pi) (1 - w)^2 (1 + 2 w), w = mW^2/m^2."""
    w = (MASS_W / mass_t) ** 2
    return G_FERMI * mass_t**3 / (8.0 * np.sqrt(2.0) * np.pi) * (1.0 - w) ** 2 * (1.0 + 2.0 * w)


def _top_pair(m: float, odd: bool) -> float:
    """Scalar -> t* tbar* -> W b W bbar for unit reduced coupling, both virtualities integrated.

    With V-A decays a pair of virtualities contributes (q1^2 + q2^2)/2 q1.q2 +- q1^2 q2^2 (+ for CP-odd) times
    prod_i q_i^2 (1 - w_i)^2 (1 + 2 w_i), w_i = mW^2/q_i^2, normalised on shell: in a scalar's decay one top
    flips its helicity (numerator m_t) and the other does not (numerator q-slash).
    """
    if m <= 2.0 * MASS_W:
        return 0.0
    mt2 = MASS_T**2

    def decay(q2: np.ndarray) -> np.ndarray:
        w, w0 = MASS_W**2 / q2, MASS_W**2 / mt2
        return q2 / mt2 * (1.0 - w) ** 2 * (1.0 + 2.0 * w) / ((1.0 - w0) ** 2 * (1.0 + 2.0 * w0))

    q1, w1 = _line_shape(MASS_T, top_width(), MASS_W**2, (m - MASS_W) ** 2)
    q2, w2 = _line_shape(MASS_T, top_width(), MASS_W**2, (m - np.sqrt(q1)) ** 2)
    q1, w1 = q1[:, None], w1[:, None]
    product = 0.5 * (m**2 - q1 - q2)
    trace = 0.5 * (q1 + q2) * product + (1.0 if odd else -1.0) * q1 * q2
    momentum = np.sqrt(np.maximum((m**2 - q1 - q2) ** 2 - 4.0 * q1 * q2, 0.0)) / m**2
    integral = np.sum(w1 * w2 * decay(q1) * decay(q2) * trace * momentum) * 2.0 / (mt2 * m**2)
    born = 3.0 * G_FERMI / (4.0 * np.sqrt(2.0) * np.pi) * mt2 * m * integral
    # The Coulomb factor diverges at threshold: switched on linearly over a few top widths on either side
    window = 4.0
    beta = np.sqrt(1.0 - 4.0 * mt2 / max(m, 2.0 * MASS_T + window) ** 2)
    share = np.clip((m - 2.0 * MASS_T + window) / (2.0 * window), 0.0, 1.0)
    return float(born * (1.0 + 4.0 / 3.0 * alpha_s(m) / np.pi * _drees_hikasa(beta, odd) * share))


def _drees_hikasa(beta: float, odd: bool) -> float:
    """QCD correction Delta of scalar -> Q Qbar in the pole-mass scheme: 1 + 4/3 alpha_s/pi Delta."""
    log = np.log((1.0 + beta) / (1.0 - beta))
    ratio = (1.0 - beta) / (1.0 + beta)
    a = (
        (1.0 + beta**2)
        * (
            4.0 * spence(1.0 - ratio)  # scipy's spence(z) is Li2(1 - z)
            + 2.0 * spence(1.0 + ratio)
            - 3.0 * log * np.log(2.0 / (1.0 + beta))
            - 2.0 * log * np.log(beta)
        )
        - 3.0 * beta * np.log(4.0 / (1.0 - beta**2))
        - 4.0 * beta * np.log(beta)
    )
    if odd:
        return float(
            a / beta + (19.0 + 2.0 * beta**2 + 3.0 * beta**4) / (16.0 * beta) * log + 0.375 * (7.0 - beta**2)
        )
    return float(
        a / beta
        + (3.0 + 34.0 * beta**2 - 13.0 * beta**4) / (16.0 * beta**3) * log
        + 0.375 * (7.0 * beta**2 - 1.0) / beta**2
    )


def loop_amplitude(tau: float, odd: bool) -> complex:
    """Quark triangle of gg -> scalar: A_1/2^H(tau) or A_1/2^A(tau), tau = M^2/(4 m^2)."""
    if tau <= 1.0:
        f = complex(np.arcsin(np.sqrt(tau)) ** 2)
    else:
        root = np.sqrt(1.0 - 1.0 / tau)
        f = -0.25 * (np.log((1.0 + root) / (1.0 - root)) - 1j * np.pi) ** 2
    return 2.0 * f / tau if odd else 2.0 * (tau + (tau - 1.0) * f) / tau**2


def _gluons(m: float, up: float, down: float, odd: bool) -> float:
    """G_F alpha_s^2 M^3/(36 sqrt2 pi^3) |3/4 sum_q kappa_q A_1/2|^2 and its heavy-top one-loop QCD factor."""
    quarks = ((MASS_T, up), (MASS_B, down), (MASS_C_POLE, up))
    amplitude = sum(k * loop_amplitude((m / (2.0 * mass)) ** 2, odd) for mass, k in quarks)
    qcd = 1.0 + ((97.0 if odd else 95.0) / 4.0 - 35.0 / 6.0) * alpha_s(m) / np.pi
    prefactor = G_FERMI * alpha_s(m) ** 2 * m**3 / (36.0 * np.sqrt(2.0) * np.pi**3)
    return float(prefactor * abs(0.75 * amplitude) ** 2 * qcd)


def vector_pair(m: float, mass_v: float, delta: float) -> float:
    """H -> VV on shell for unit reduced coupling; delta = 2 for W, 1 for Z.

    The off-shell decay below threshold is left out: with cos(b-a) = 0.01 it is below 1e-5 of the total.
    """
    if m <= 2.0 * mass_v:
        return 0.0
    x = (2.0 * mass_v / m) ** 2
    return delta * G_FERMI * m**3 / (16.0 * np.sqrt(2.0) * np.pi) * np.sqrt(1.0 - x) * (1.0 - x + 0.75 * x**2)


def scalar_pair(m: float, mass: float, coupling: float) -> float:
    """H -> two identical scalars: g^2/(32 pi M) beta."""
    if m <= 2.0 * mass:
        return 0.0
    return coupling**2 / (32.0 * np.pi * m) * np.sqrt(1.0 - (2.0 * mass / m) ** 2)


def z_scalar(m: float, mass: float) -> float:
    """Scalar -> Z scalar for unit reduced coupling: G_F lambda^(3/2)(M^2, m^2, mZ^2)/(8 sqrt2 pi M^3).

    Near and below threshold OFF_SHELL_ZA_SHARE of the integral over the Z line shape, where that is larger.
    """
    prefactor = G_FERMI / (8.0 * np.sqrt(2.0) * np.pi * m**3)
    if m <= mass:
        return 0.0
    s, weight = _line_shape(MASS_Z, WIDTH_Z, 0.0, (m - mass) ** 2)
    off_shell = np.sum(weight * np.maximum((m**2 - mass**2 - s) ** 2 - 4.0 * mass**2 * s, 0.0) ** 1.5)
    on_shell = 0.0
    if m > mass + MASS_Z:
        on_shell = ((m**2 - mass**2 - MASS_Z**2) ** 2 - 4.0 * (mass * MASS_Z) ** 2) ** 1.5
    return float(prefactor * max(on_shell, OFF_SHELL_ZA_SHARE * off_shell))
