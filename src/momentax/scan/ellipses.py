"""The 207 mass points of CMS-HIG-18-012 and the ellipses in (m_bb, m_llbb) in which the analysis looks for each.

With (m_bb, m_llbb) of an event and the centre, variances a, b and angle theta of an ellipse:

    u = ( cos(theta) (m_bb - m_bb0) + sin(theta) (m_llbb - m_llbb0)) / sqrt(a)
    v = (-sin(theta) (m_bb - m_bb0) + cos(theta) (m_llbb - m_llbb0)) / sqrt(b)
    rho = sqrt(u^2 + v^2)

The centre is that of the measured masses, some percent below (mA, mH): neutrinos and radiation leave the jets. In the
table m_bb0 depends on mA alone and m_llbb0 on mH alone.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from momentax.errors import InputError

COLUMNS = ("mbb", "mllbb", "a", "b", "theta")
FLAVOURS = ("ee", "mm")


@dataclass(frozen=True)
class Ellipse:
    """One ellipse: centre (GeV), variances along its axes (GeV^2), angle of the first axis to m_bb (rad)."""

    m_bb: float
    m_llbb: float
    a: float
    b: float
    theta: float

    def rho(self, m_bb: np.ndarray, m_llbb: np.ndarray) -> np.ndarray:
        """Distance from the centre in standard deviations, [n]; masses [n] in GeV."""
        x, y = np.asarray(m_bb) - self.m_bb, np.asarray(m_llbb) - self.m_llbb
        cos, sin = np.cos(self.theta), np.sin(self.theta)
        return np.hypot((cos * x + sin * y) / np.sqrt(self.a), (cos * y - sin * x) / np.sqrt(self.b))

    def outline(self, rho: float = 1.0, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """(m_bb, m_llbb) [points] at this distance from the centre, closed, GeV."""
        turn = np.linspace(0.0, 2.0 * np.pi, points)
        u, v = rho * np.sqrt(self.a) * np.cos(turn), rho * np.sqrt(self.b) * np.sin(turn)
        cos, sin = np.cos(self.theta), np.sin(self.theta)
        return self.m_bb + cos * u - sin * v, self.m_llbb + sin * u + cos * v


@dataclass(frozen=True)
class EllipsePoint:
    """A mass point (GeV) with the ellipses of its e+ e- and its mu+ mu- events."""

    mH: float
    mA: float
    ee: Ellipse
    mm: Ellipse

    @property
    def centre(self) -> tuple[float, float]:
        """(m_bb, m_llbb) halfway between the centres of both flavours, GeV."""
        return 0.5 * (self.ee.m_bb + self.mm.m_bb), 0.5 * (self.ee.m_llbb + self.mm.m_llbb)


def load_ellipses(path: str | os.PathLike[str] | None = None) -> tuple[EllipsePoint, ...]:
    """The mass points of a table with the columns ``mH, mA`` and ``mbb_, mllbb_, a_, b_, theta_`` + ``ee`` or ``mm``.

    Without a path: the 207 points of CMS (origin: data/README.md of this package). Raises InputError for a file that
    cannot be read, a column that is missing, or a value that is no number or a variance that is not positive.
    """
    return _load(os.fspath(path or str(resources.files("momentax") / "data" / "hza_grid207_ellipses.csv")))


@cache
def _load(path: str) -> tuple[EllipsePoint, ...]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, found = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table of ellipses ({error})") from None
    wanted = ["mH", "mA", *(f"{c}_{f}" for f in FLAVOURS for c in COLUMNS)]
    if lacking := [name for name in wanted if name not in found]:
        raise InputError(
            f"{path}: no column {', '.join(lacking)}; a table of ellipses has {', '.join(wanted)}"
        )
    return tuple(_point(row, f"{path}, line {i}") for i, row in enumerate(rows, start=2))


def _point(row: dict[str, str], where: str) -> EllipsePoint:
    try:
        value = {name: float(text) for name, text in row.items()}
    except (TypeError, ValueError):
        raise InputError(f"{where}: a value is no number: {row}") from None
    if not min(value[f"{c}_{f}"] for c in "ab" for f in FLAVOURS) > 0.0:
        raise InputError(f"{where}: a and b are variances; they must be above 0")
    ee, mm = (Ellipse(*(value[f"{c}_{f}"] for c in COLUMNS)) for f in FLAVOURS)
    return EllipsePoint(value["mH"], value["mA"], ee, mm)


def ellipse_at(m_h: float, m_a: float, points: Sequence[EllipsePoint] | None = None) -> EllipsePoint | None:
    """The point of the table at these masses (GeV), or None."""
    points = load_ellipses() if points is None else points
    return next((p for p in points if (p.mH, p.mA) == (m_h, m_a)), None)


def expected_centre(
    m_h: float, m_a: float, points: Sequence[EllipsePoint] | None = None
) -> tuple[float, float]:
    """(m_bb, m_llbb) that CMS expects of H -> ZA at any masses (GeV) within the table: mean of both flavours.

    Between the masses of the table linear; leaving a mass out and interpolating misses it by 3e-4 at most. Raises
    InputError outside the table.
    """
    points = load_ellipses() if points is None else points
    centre = []
    for name, mass, axis in (("mA", m_a, 0), ("mH", m_h, 1)):
        known = sorted({(getattr(p, name), p.centre[axis]) for p in points})
        masses = [x for x, _ in known]
        if not masses[0] <= mass <= masses[-1]:
            raise InputError(
                f"{name} = {mass:g} GeV is outside the ellipses of CMS, {masses[0]:g} to {masses[-1]:g} GeV"
            )
        centre.append(float(np.interp(mass, masses, [y for _, y in known])))
    return centre[0], centre[1]
