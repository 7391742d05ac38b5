"""Type-II two-Higgs-doublet model: masses, couplings and leading-order widths of H and A.

Plain numpy, outside jit: 0.3 ms a mass point. Spectrum as in CMS-HIG-18-012: m_h = 125 GeV,
m_H+- = max(mH, mA), m12^2 = m_H+-^2 tan(beta)/(1 + tan^2(beta)), so that H and A -> W+- H-+ are closed.

Partial widths follow Djouadi, Phys. Rept. 457 (2008) 1 and 459 (2008) 1. "Leading order with running masses"
means: light quarks with MS-bar masses at the scale of the Higgs mass and the one-loop QCD factor
1 + 5.67 alpha_s/pi; top pairs with the pole mass, both tops off shell, and the one-loop QCD factor of Drees
and Hikasa, Phys. Lett. B240 (1990) 455; gg with its one-loop QCD factor. alpha_s and masses run at one loop
with five flavours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import spence

from momentax.constants import MASS_B, MASS_H125, MASS_T, MASS_W, MASS_Z, WIDTH_Z
from momentax.errors import PhysicsError

G_FERMI = 1.16637e-5
"""Fermi constant, GeV^-2."""
VEV = (np.sqrt(2.0) * G_FERMI) ** -0.5
ALPHA_S_MZ = 0.118
INV_ALPHA_EW = 127.9
"""1/alpha at mZ of the 2HDM reference cards."""
MASS_B_MSBAR, MASS_C_MSBAR, MASS_S_MSBAR = 4.18, 1.27, 0.0935
"""MS-bar masses m_b(m_b), m_c(m_c), m_s(2 GeV), GeV."""
MASS_C_POLE, MASS_TAU, MASS_MU = 1.5, 1.777, 0.10566

MIN_MASS_GAP = 10.0
"""Least mH - mA, GeV: H -> Z* A is kept down to the m_ll cut of the Drell-Yan hypothesis."""

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


class Couplings(NamedTuple):
    """Reduced couplings (to the Standard Model's) and trilinear couplings d^3V (GeV)."""

    h_up: float
    """H to up-type quarks: cos(b-a) - sin(b-a)/tan(beta)."""
    h_down: float
    """H to down-type quarks and leptons: cos(b-a) + sin(b-a) tan(beta)."""
    a_up: float
    """A to up-type quarks: 1/tan(beta)."""
    a_down: float
    """A to down-type quarks and leptons: tan(beta)."""
    h_vv: float
    """H to WW and ZZ, and A to Zh: cos(b-a)."""
    h_za: float
    """H to ZA: sin(b-a)."""
    h_hh: float
    h_aa: float


class TwoHiggsDoublet(NamedTuple):
    """One point of the type-II model; made by :func:`two_higgs_doublet`."""

    mass_h: float
    """Heavy CP-even mass mH, GeV."""
    mass_a: float
    mass_charged: float
    tan_beta: float
    cos_ba: float
    m12_squared: float
    width_h: float
    """Total width of H, GeV: the sum of ``partial_h`` unless given by the user."""
    width_a: float
    partial_h: Partial
    partial_a: Partial
    couplings: Couplings
    yukawa_mass_b: float
    """MS-bar m_b(mA): the mass in the A -> b bbar vertex, GeV."""

    def reference_parameters(self, mass_t: float = MASS_T) -> dict[str, float]:
        """External parameters of gg -> H -> ZA under MadGraph's own names, without alpha_s (aS)."""
        return {
            "MB": MASS_B,
            "MT": mass_t,
            "MZ": MASS_Z,
            "MHL": MASS_H125,
            "MHH": self.mass_h,
            "MHA": self.mass_a,
            "MHp": self.mass_charged,
            "aEWM1": INV_ALPHA_EW,
            "Gf": G_FERMI,
            "tb": self.tan_beta,
            "cba": self.cos_ba,
            "m122": self.m12_squared,
            "ymb": self.yukawa_mass_b,
            "ymt": mass_t,
            "WZ": WIDTH_Z,
            "WHH": self.width_h,
            "WHA": self.width_a,
        }


def two_higgs_doublet(
    mH: float,
    mA: float,
    tan_beta: float = 1.5,
    cos_ba: float = 0.01,
    widths: tuple[float, ...] | None = None,
) -> TwoHiggsDoublet:
    """Couplings and widths of the type-II model at (mH, mA), GeV.

    ``widths`` = (width of H, width of A) in GeV replaces the computed totals, not the partial widths.

    Raises PhysicsError when mA <= 2 m_b (A -> b bbar closed), mH < mA + 10 GeV (no room for Z* -> l+ l-), or
    when tan(beta), cos(beta-alpha) or a width is outside its range.
    """
    check_point(mH, mA, tan_beta, cos_ba, widths)
    charged = max(mH, mA)
    m12_squared = charged**2 * tan_beta / (1.0 + tan_beta**2)
    sin_ba = np.sqrt(1.0 - cos_ba**2)
    h_hh, h_aa = trilinear(mH, mA, charged, tan_beta, cos_ba, m12_squared)
    c = Couplings(
        h_up=cos_ba - sin_ba / tan_beta,
        h_down=cos_ba + sin_ba * tan_beta,
        a_up=1.0 / tan_beta,
        a_down=tan_beta,
        h_vv=cos_ba,
        h_za=sin_ba,
        h_hh=h_hh,
        h_aa=h_aa,
    )
    partial_h = Partial(
        **_fermions_and_gluons(mH, c.h_up, c.h_down, odd=False),
        ww=_vector_pair(mH, MASS_W, 2.0) * c.h_vv**2,
        zz=_vector_pair(mH, MASS_Z, 1.0) * c.h_vv**2,
        hh=_scalar_pair(mH, MASS_H125, c.h_hh),
        aa=_scalar_pair(mH, mA, c.h_aa),
        za=_z_scalar(mH, mA) * c.h_za**2,
    )
    partial_a = Partial(
        **_fermions_and_gluons(mA, c.a_up, c.a_down, odd=True),
        zh=_z_scalar(mA, MASS_H125) * c.h_vv**2,
    )
    width_h, width_a = widths if widths is not None else (partial_h.total, partial_a.total)
    return TwoHiggsDoublet(
        mass_h=mH,
        mass_a=mA,
        mass_charged=charged,
        tan_beta=tan_beta,
        cos_ba=cos_ba,
        m12_squared=m12_squared,
        width_h=width_h,
        width_a=width_a,
        partial_h=partial_h,
        partial_a=partial_a,
        couplings=c,
        yukawa_mass_b=running_mass(MASS_B_MSBAR, mA),
    )


def check_point(
    mH: float,
    mA: float,
    tan_beta: float = 1.5,
    cos_ba: float = 0.01,
    widths: tuple[float, ...] | None = None,
) -> None:
    """Raise PhysicsError, naming value and remedy, for a point at which H -> ZA -> ll bb is not defined."""
    where = f"H->ZA at (mH, mA) = ({mH:g}, {mA:g}) GeV"
    if not (np.isfinite(mH) and np.isfinite(mA)):
        raise PhysicsError(f"{where}: masses must be finite numbers")
    if mA <= 2.0 * MASS_B:
        raise PhysicsError(f"{where}: A -> b bbar is closed; mA must exceed 2 m_b = {2.0 * MASS_B:g} GeV")
    if mH < mA + MIN_MASS_GAP:
        raise PhysicsError(
            f"{where}: no room for Z* -> l+ l-; mH must be at least mA + {MIN_MASS_GAP:g} GeV"
            f" = {mA + MIN_MASS_GAP:g} GeV"
        )
    if not tan_beta > 0.0:
        raise PhysicsError(f"{where}: tan_beta = {tan_beta:g} must be positive")
    if not abs(cos_ba) < 1.0:
        raise PhysicsError(
            f"{where}: cos_ba = {cos_ba:g} must lie between -1 and 1 (H -> ZA vanishes at the ends)"
        )
    if widths is not None and not (len(widths) == 2 and all(np.isfinite(w) and w > 0.0 for w in widths)):
        raise PhysicsError(f"{where}: widths = {widths} must be two positive numbers (of H, of A) in GeV")


def alpha_s(q: float) -> float:
    """One-loop alpha_s with five flavours from alpha_s(mZ) = 0.118."""
    return 1.0 / (1.0 / ALPHA_S_MZ + 23.0 / (6.0 * np.pi) * np.log(q / MASS_Z))


def running_mass(mass: float, q: float, scale: float = MASS_B_MSBAR) -> float:
    """One-loop MS-bar mass at ``q`` of a quark with mass ``mass`` at ``scale``: (alpha_s ratio)^(12/23)."""
    return float(mass * (alpha_s(q) / alpha_s(scale)) ** (12.0 / 23.0))


def trilinear(
    mH: float, mA: float, charged: float, tan_beta: float, cos_ba: float, m12_squared: float
) -> tuple[float, float]:
    """Couplings (H h h, H A A) = third derivatives of the potential, GeV.

    V = lambda1/2 |Phi1|^4 + lambda2/2 |Phi2|^4 + lambda3 |Phi1|^2 |Phi2|^2 + lambda4 |Phi1+ Phi2|^2
    + lambda5/2 ((Phi1+ Phi2)^2 + h.c.) + quadratic terms, the lambdas from the masses (Gunion and Haber,
    Phys. Rev. D67 (2003) 075019, appendix D), expanded with rho1 = ca H - sa h, rho2 = sa H + ca h,
    eta1 = -sb A, eta2 = cb A.
    """
    beta = np.arctan(tan_beta)
    alpha = beta - np.arccos(cos_ba)
    sb, cb, sa, ca = np.sin(beta), np.cos(beta), np.sin(alpha), np.cos(alpha)
    v1, v2 = VEV * cb, VEV * sb
    mh2, mH2, mA2, mc2 = MASS_H125**2, mH**2, mA**2, charged**2
    lambda1 = (mH2 * ca**2 + mh2 * sa**2 - m12_squared * tan_beta) / v1**2
    lambda2 = (mH2 * sa**2 + mh2 * ca**2 - m12_squared / tan_beta) / v2**2
    lambda3 = ((mH2 - mh2) * ca * sa + 2.0 * mc2 * sb * cb - m12_squared) / (v1 * v2)
    lambda4 = ((mA2 - 2.0 * mc2) * sb * cb + m12_squared) / (v1 * v2)
    lambda5 = (m12_squared - mA2 * sb * cb) / (v1 * v2)
    l345 = lambda3 + lambda4 + lambda5
    h_hh = (
        3.0 * lambda1 * v1 * ca * sa**2
        + 3.0 * lambda2 * v2 * sa * ca**2
        + l345 * (v1 * ca * (ca**2 - 2.0 * sa**2) + v2 * sa * (sa**2 - 2.0 * ca**2))
    )
    h_aa = (
        lambda1 * v1 * ca * sb**2
        + lambda2 * v2 * sa * cb**2
        + (lambda3 + lambda4 - lambda5) * (v1 * ca * cb**2 + v2 * sa * sb**2)
        - 2.0 * lambda5 * (v1 * sa + v2 * ca) * sb * cb
    )
    return float(h_hh), float(h_aa)


def _fermions_and_gluons(m: float, up: float, down: float, odd: bool) -> dict[str, float]:
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


def _vector_pair(m: float, mass_v: float, delta: float) -> float:
    """H -> VV on shell for unit reduced coupling; delta = 2 for W, 1 for Z.

    The off-shell decay below threshold is left out: with cos(b-a) = 0.01 it is below 1e-5 of the total.
    """
    if m <= 2.0 * mass_v:
        return 0.0
    x = (2.0 * mass_v / m) ** 2
    return delta * G_FERMI * m**3 / (16.0 * np.sqrt(2.0) * np.pi) * np.sqrt(1.0 - x) * (1.0 - x + 0.75 * x**2)


def _scalar_pair(m: float, mass: float, coupling: float) -> float:
    """H -> two identical scalars: g^2/(32 pi M) beta."""
    if m <= 2.0 * mass:
        return 0.0
    return coupling**2 / (32.0 * np.pi * m) * np.sqrt(1.0 - (2.0 * mass / m) ** 2)


def _z_scalar(m: float, mass: float) -> float:
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
