"""Derivatives of the information of H -> ZA in the masses at all mass points: further targets of its network.

Central differences of weights that come from one table of the event, so that its numerical errors cancel, of

    d I / d ln mH,  d I / d ln mA.

They agree with `momentax.weigh_derivatives`, which differentiates the table (tested), and cost little more than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.regress.store import load_arrays, save_arrays
from momentax.regress.targets import information, mass_point


def mass_slopes(
    events: ak.Array, labels: Sequence[str], physics: Any = None, step: float = 0.01
) -> np.ndarray:
    """d I / d ln(mH, mA) [n, labels, 2] of events; NaN for hypotheses other than H -> ZA and unusable weights.

    Args:
        events: awkward array in the event schema, [n].
        labels: hypotheses.
        physics: the section ``physics``.
        step: relative step of the difference; halved towards a threshold that is nearer.
    """
    from momentax.config import hza_label
    from momentax.processes.thdm import MIN_MASS_GAP
    from momentax.weight import weigh_mass_points

    found = np.full((len(events), len(labels), 2), np.nan)
    moved: dict[tuple[int, int], tuple[str, str, float]] = {}
    for i, label in enumerate(labels):
        point = mass_point(label)
        if point is None:
            continue
        for k in range(2):
            h = min(step, (point[0] - point[1] - MIN_MASS_GAP) / (2 * point[k]))
            up, down = ([m * (1 + s * h) if j == k else m for j, m in enumerate(point)] for s in (1, -1))
            moved[i, k] = hza_label(*_rounded(up)), hza_label(*_rounded(down)), np.log(up[k] / down[k])
    if not moved:
        return found
    every = list(dict.fromkeys(h for up, down, _ in moved.values() for h in (up, down)))
    weights = weigh_mass_points(events, every, physics)
    for (i, k), (high, low, span) in moved.items():
        found[:, i, k] = (information(weights[high]) - information(weights[low])) / span
    return found


def _rounded(point: Sequence[float]) -> list[float]:
    """Labels hold six digits."""
    return [float(f"{m:g}") for m in point]


def write_slopes(
    events_path: str, labels: Sequence[str], out: str | Path, physics: Any, max_events: int, step: float
) -> int:
    """Write `mass_slopes` of the first ``max_events`` events of a file; returns their number."""
    from momentax.events import read_events

    events = read_events(events_path, truth=False, bjets="leading", entry_stop=None)
    events = events[:max_events]
    slopes = mass_slopes(events, labels, physics, step)
    about = {"labels": list(labels), "step": step, "entries": len(events)}
    save_arrays(out, {"slopes": slopes.astype(np.float32), "event": ak.to_numpy(events["event"])}, about)
    return len(events)


@lru_cache(maxsize=2)
def _loaded(path: str) -> tuple[np.ndarray, list[str]]:
    arrays, about = load_arrays(path)
    return arrays["slopes"], about["labels"]


def read_slopes(path: str, labels: Sequence[str], start: int, stop: int) -> np.ndarray:
    """Slopes [stop - start, labels, 2] of a range of entries, NaN where the file has none.

    Raises:
        InputError: a hypothesis that the file lacks.
    """
    slopes, have = _loaded(str(path))
    if absent := [h for h in labels if h not in have]:
        raise InputError(f"{path}: no slopes of {', '.join(absent)}")
    out = np.full((stop - start, len(labels), 2), np.nan, dtype=np.float32)
    part = slopes[start:stop][:, [have.index(h) for h in labels]]
    out[: len(part)] = part
    return out
