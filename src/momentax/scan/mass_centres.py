"""Where the events of a signal lie in (m_bb, m_llbb): medians with errors, beside the ellipses of CMS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events.observables import observables
from momentax.events.validate import bad_input
from momentax.scan.ellipses import ellipse_at, expected_centre

REPLICAS = 500
"""Bootstrap samples of the events."""
AXES = ("m_bb", "m_llbb")
ENDS = ("", "_error", "_peak", "_cms")
CORE = 1.5
"""Half width of the core of a peak, in its own standard deviations."""


@dataclass(frozen=True)
class MassPlane:
    """Measured masses of the events of a sample: [n] each."""

    m_bb: np.ndarray
    """GeV."""
    m_llbb: np.ndarray
    """GeV."""
    weight: np.ndarray
    electrons: np.ndarray
    """Whether the leptons are e+ e-; otherwise they are mu+ mu-."""


def mass_plane(events: ak.Array) -> MassPlane:
    """Masses of the usable events with leptons of the same flavour; InputError if there are fewer than two."""
    plus, minus = (np.abs(ak.to_numpy(events[lepton].pdgId)) for lepton in ("lep_plus", "lep_minus"))
    kept = ~bad_input(events) & (plus == minus)
    if kept.sum() < 2:
        raise InputError(
            f"{kept.sum()} usable events with leptons of the same flavour: no median of their masses"
        )
    values, weight = observables(events[kept])
    return MassPlane(values["m_bb"], values["m_llbb"], weight, plus[kept] == 11)


def summarise(plane: MassPlane, m_h: float, m_a: float, seed: int) -> dict[str, Any]:
    """Medians and peaks of both masses beside the centre that CMS expects at (mH, mA), all in GeV.

    ``m_bb``, ``m_llbb``: medians; ``_error``: their standard deviation over bootstrap samples of the events;
    ``_peak``: mean of the core (within 1.5 of its standard deviations of itself); ``_cms``: centre of the ellipses,
    mean of both flavours. ``inside_ee``, ``inside_mm``: share of the events within rho = 1 of the ellipse of their
    flavour (two-dimensional Gaussian: 0.39), None where CMS has no ellipse. Raises InputError outside the table of CMS.
    """
    rng = np.random.default_rng(seed)
    n = len(plane.weight)
    found: dict[str, Any] = {"mH": m_h, "mA": m_a, "events": n}
    replicas = rng.integers(n, size=(REPLICAS, n))
    for name, cms in zip(AXES, expected_centre(m_h, m_a), strict=True):
        masses = getattr(plane, name)
        medians = [weighted_median(masses[rows], plane.weight[rows]) for rows in replicas]
        found |= {
            name: weighted_median(masses, plane.weight),
            f"{name}_error": float(np.std(medians, ddof=1)),
            f"{name}_peak": _core(masses, plane.weight),
            f"{name}_cms": cms,
        }
    point = ellipse_at(m_h, m_a)
    for flavour, mine in (("ee", plane.electrons), ("mm", ~plane.electrons)):
        inside = None
        if point is not None and mine.any():
            rho = getattr(point, flavour).rho(plane.m_bb[mine], plane.m_llbb[mine])
            inside = float(np.average(rho < 1.0, weights=plane.weight[mine]))
        found[f"inside_{flavour}"] = inside
    return found


def table_rows(summaries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Summaries (with the ``sample``) as rows of a table, columns in reading order, by masses."""
    order = [
        "sample",
        "mH",
        "mA",
        "events",
        *(f"{m}{end}" for m in AXES for end in ENDS),
        "inside_ee",
        "inside_mm",
    ]
    return [
        {name: row[name] for name in order}
        for row in sorted(summaries, key=lambda row: (row["mH"], row["mA"]))
    ]


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """The value below which half of the weight lies, [n] each; halfway to the next if exactly half does."""
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    half = 0.5 * below[-1]
    first, last = (int(np.searchsorted(below, half, side=side)) for side in ("left", "right"))
    return float(0.5 * (values[order[first]] + values[order[min(last, len(order) - 1)]]))


def _core(values: np.ndarray, weight: np.ndarray) -> float:
    """Mean of a peak without its tails: of the values near it, found by repetition."""
    inside = np.ones(len(values), dtype=bool)
    for _ in range(100):
        mean = np.average(values[inside], weights=weight[inside])
        # a Gaussian cut at 1.5 standard deviations has 0.743 of its width
        width = np.sqrt(np.average((values[inside] - mean) ** 2, weights=weight[inside]))
        width /= 0.743 if not inside.all() else 1.0
        now = np.abs(values - mean) < CORE * width
        if np.array_equal(now, inside) or now.sum() < 2:
            break
        inside = now
    return float(mean)
