"""From a mapping with MadGraph's names (param_card and its derived parameters) to amplitude constants.

Electroweak scheme of the reference cards: (alpha, G_F, M_Z) in, M_W and sin^2(theta_W) out,

    M_W^2 = M_Z^2/2 + sqrt(M_Z^4/4 - pi alpha M_Z^2/(sqrt2 G_F)),   sw^2 = 1 - M_W^2/M_Z^2,
    e = sqrt(4 pi alpha).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from momentax.amplitudes.complexpair import Real
from momentax.errors import ConfigError, nearest

DEFAULTS: dict[str, float] = {
    "aS": 0.118,
    "aEWM1": 132.507,
    "Gf": 1.16639e-5,
    "MZ": 91.1876,
    "WZ": 2.4952,
    "WW": 2.085,
    "MT": 172.5,
    "MB": 4.7,
    "MHH": 500.0,
    "MHA": 300.0,
    "WHH": 5.0,
    "WHA": 1.0,
    "tb": 1.5,
    "cba": 0.01,
}
"""Used for what the mapping leaves out; MW, WT, ymb, MB_loop follow from the others (see the builders)."""

# names of the reference models' cards and derived parameters that the amplitudes do not read
_PASSIVE = set(
    """
    MTA MH WH ymt ymtau cabi MHL WHL MHp WHp m122 MP WH1 lam muH v vev gw yb yt ytau sw sw2 cw g1
    sqrt__2 sqrt__sw2 sqrt__aS sqrt__aEW beta alpha atan__tb acos__cba cos__beta sin__beta cb sb ca sa sba
    cos__cabi sin__cabi m112 m222 MM2 vev1 vev2 kHLUp kHLDo kHHUp kHHDo kHAUp kHADo ADo kHLW kHHW kHLHpm
    kHHHpm AH GH Gphi lam1 lam2 lam3 lam4 lam5 CKM3x3 conjg__CKM3x3 conjg__CKM1x1 GC_ggHHtop GC_ggHHbot
    """.split()
)
_ACTIVE = {*DEFAULTS, "WT", "ymb", "MW", "G", "aEW", "ee"}


def _is_known(name: str) -> bool:
    base = name.split("__exp__")[0]
    return base in _ACTIVE or base in _PASSIVE or (name.startswith("GC_") and name[3:].isdigit())


class Electroweak(NamedTuple):
    """Electroweak constants: boson masses and widths in GeV, e, sw2, g = e/sw, vev in GeV."""

    mass_z: Real
    width_z: Real
    mass_w: Real
    width_w: Real
    e: Real
    sw2: Real
    g: Real
    vev: Real


class Card:
    """Read access to a mapping of parameters with the defaults filled in; unknown names are refused."""

    def __init__(self, parameters: Mapping[str, Any] | None = None, also: Iterable[str] = ()) -> None:
        self.given = dict(parameters or {})
        for name in self.given:
            if not _is_known(name) and name not in also:
                raise ConfigError(f"unknown parameter {name!r}{nearest(name, {*_ACTIVE, *_PASSIVE, *also})}")

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def __getitem__(self, name: str) -> Any:
        return self.given[name] if name in self.given else DEFAULTS[name]

    @property
    def alpha_s(self) -> Real:
        """aS, or G^2/(4 pi) where only G is given."""
        if "aS" not in self and "G" in self:
            return self["G"] ** 2 / (4.0 * math.pi)
        return self["aS"]

    @property
    def alpha(self) -> Real:
        """Electromagnetic coupling: 1/aEWM1, else aEW, else from ee."""
        if "aEWM1" not in self:
            if "aEW" in self:
                return self["aEW"]
            if "ee" in self:
                return self["ee"] ** 2 / (4.0 * math.pi)
        return 1.0 / self["aEWM1"]

    @property
    def mass_b(self) -> Real | None:
        """MB, or None (massless by structure: half the helicities) where it is the number 0."""
        return massless_if_zero(self["MB"])

    @property
    def electroweak(self) -> Electroweak:
        """The electroweak constants; an MW in the mapping replaces that of the G_F relation."""
        mz, alpha = self["MZ"], self.alpha
        if "MW" in self:
            mw2 = self["MW"] ** 2
        else:
            mw2 = mz**2 / 2.0 + (mz**4 / 4.0 - math.pi * alpha * mz**2 / (self["Gf"] * 2.0**0.5)) ** 0.5
        sw2 = 1.0 - mw2 / mz**2
        e = (4.0 * math.pi * alpha) ** 0.5
        return Electroweak(
            mz, self["WZ"], mw2**0.5, self["WW"], e, sw2, e / sw2**0.5, 2.0 * (mw2 * sw2) ** 0.5 / e
        )


def massless_if_zero(mass: Any) -> Any:
    """None for a plain number 0, else ``mass``: so jit knows a massless quark at trace time."""
    return None if isinstance(mass, (int, float)) and mass == 0 else mass


def top_width_lo(mass_t: Real, mass_w: Real, mass_b: Real, g: Real) -> Real:
    """Leading-order width of t -> b W in GeV, on-shell W, |V_tb| = 1, g the weak coupling.

    Gamma = g^2 |p| / (32 pi mt^2) * [mt^2 + mb^2 - 2 mW^2 + (mt^2 - mb^2)^2/mW^2].
    """
    t, w, b = mass_t**2, mass_w**2, mass_b**2
    p = ((t - (mass_w + mass_b) ** 2) * (t - (mass_w - mass_b) ** 2)) ** 0.5 / (2.0 * mass_t)
    return g**2 * p / (32.0 * math.pi * t) * (t + b - 2.0 * w + (t - b) ** 2 / w)


def z_couplings(charge: float, isospin: float, e: Real, sw2: Real) -> tuple[Real, Real]:
    """(left, right) coupling of a fermion to the Z: e/(sw cw) (T3 - Q sw2), e/(sw cw) (-Q sw2)."""
    g = e / (sw2 * (1.0 - sw2)) ** 0.5
    return g * (isospin - charge * sw2), -g * charge * sw2
