"""Type-II two-Higgs-doublet model: spectrum, couplings and total widths of H and A.

Plain numpy, outside jit: 0.3 ms a mass point. Spectrum as in CMS-HIG-18-012: m_h = 125 GeV,
m_H+- = max(mH, mA), m12^2 = m_H+-^2 tan(beta)/(1 + tan^2(beta)), so that H and A -> W+- H-+ are closed.
Partial widths: :mod:`momentax.processes.thdm_widths`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from momentax.constants import MASS_B, MASS_H125, MASS_T, MASS_W, MASS_Z, WIDTH_Z
from momentax.errors import PhysicsError
from momentax.processes.thdm_widths import (
    G_FERMI,
    MASS_B_MSBAR,
    Partial,
    fermions_and_gluons,
    running_mass,
    scalar_pair,
    vector_pair,
    z_scalar,
)

VEV = (np.sqrt(2.0) * G_FERMI) ** -0.5
INV_ALPHA_EW = 127.9
"""1/alpha at mZ of the 2HDM reference cards."""
MIN_MASS_GAP = 10.0
"""Least mH - mA, GeV: H -> Z* A is kept down to the m_ll cut of the Drell-Yan hypothesis."""


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
        **fermions_and_gluons(mH, c.h_up, c.h_down, odd=False),
        ww=vector_pair(mH, MASS_W, 2.0) * c.h_vv**2,
        zz=vector_pair(mH, MASS_Z, 1.0) * c.h_vv**2,
        hh=scalar_pair(mH, MASS_H125, c.h_hh),
        aa=scalar_pair(mH, mA, c.h_aa),
        za=z_scalar(mH, mA) * c.h_za**2,
    )
    partial_a = Partial(
        **fermions_and_gluons(mA, c.a_up, c.a_down, odd=True),
        zh=z_scalar(mA, MASS_H125) * c.h_vv**2,
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
