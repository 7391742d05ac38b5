"""Direction of a b jet relative to the b quark before radiation: quantiles of Delta R, from simulation."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from momentax.errors import ConfigError, InputError

KNOTS = 49
"""Knots of the quantile function; with :func:`probability` a fifth of them lies beyond the 96 % quantile."""
LEAST_PAIRS = 500
"""Pairs in a bin of measured pT."""
_MAX_BINS = 8


class DirectionResponse(NamedTuple):
    """R(d eta, d phi | pT_rec): isotropic in the plane of (eta, phi), Delta R by its quantiles; phi is periodic.

    At knots v_k of [0, 1], equally spaced, dr[i, k] is the quantile of Delta R at the probability u = 1 - (1 - v)^2
    (:func:`probability`) for jets of measured pT pt[i]: linear in v, and in ln pT between nodes, constant outside.
    """

    pt: np.ndarray
    """[nodes] rising, GeV."""
    dr: np.ndarray
    """[nodes, knots], the first knot 0."""

    def displacement(self, v: np.ndarray, angle: np.ndarray, pt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(d eta, d phi) at (v, angle/2 pi) uniform in [0, 1]; each draw has the probability density 2 (1 - v)."""
        knots = self.dr.shape[1]
        row, above, mix = self._row(pt)
        knot = np.clip(v * (knots - 1), 0.0, knots - 1.0)
        first = np.minimum(knot.astype(int), knots - 2)
        t = knot - first
        low, high = (self.dr[r, first] * (1 - t) + self.dr[r, first + 1] * t for r in (row, above))
        radius = low + mix * (high - low)
        return radius * np.cos(2 * np.pi * angle), radius * np.sin(2 * np.pi * angle)

    def cdf(self, dr: np.ndarray, pt: float) -> np.ndarray:
        """Probability of a Delta R below ``dr`` at one measured pT (GeV)."""
        row, above, mix = self._row(np.asarray(pt))
        quantiles = self.dr[row] + mix * (self.dr[above] - self.dr[row])
        return probability(np.interp(dr, quantiles, np.linspace(0.0, 1.0, self.dr.shape[1])))

    def _row(self, pt: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lower and upper node in ln pT, and the share of the upper one."""
        nodes = len(self.pt)
        position = np.interp(np.log(pt), np.log(self.pt), np.arange(nodes, dtype=float))
        row = np.clip(position.astype(int), 0, max(nodes - 2, 0))
        return row, np.minimum(row + 1, nodes - 1), position - row

    def arrays(self) -> dict[str, np.ndarray]:
        """For an .npz file of transfer functions."""
        return {"b_preFSR_directions_pt": self.pt, "b_preFSR_directions_dr": self.dr}


def probability(v: np.ndarray) -> np.ndarray:
    """Probability below v: draws uniform in v are denser in the tail of Delta R (a third beyond 90 %)."""
    return 1.0 - (1.0 - v) ** 2


def fit_directions(dr: np.ndarray, pt: np.ndarray, weight: np.ndarray) -> DirectionResponse:
    """The response of pairs with Delta R ``dr`` [n] and measured pT ``pt`` [n] (GeV): bins with equal numbers of pairs.

    Raises InputError for fewer than 500 pairs.
    """
    if len(dr) < LEAST_PAIRS:
        raise InputError(f"directions of b jets: {len(dr)} pairs, at least {LEAST_PAIRS} are needed")
    bins = int(min(len(dr) // LEAST_PAIRS, _MAX_BINS))
    parts = np.array_split(np.argsort(pt, kind="stable"), bins)
    u = probability(np.linspace(0.0, 1.0, KNOTS))
    rows = []
    for part in parts:
        rising = part[np.argsort(dr[part], kind="stable")]
        below = np.cumsum(weight[rising])
        rows.append(np.interp(u * below[-1], np.append(0.0, below), np.append(0.0, dr[rising])))
    middle = [np.exp(np.average(np.log(pt[part]), weights=weight[part])) for part in parts]
    return DirectionResponse(np.array(middle), np.array(rows))


@lru_cache(maxsize=16)
def load_directions(path: str | os.PathLike[str]) -> DirectionResponse:
    """The response out of an .npz file of transfer functions. Raises InputError, ConfigError where it has none."""
    try:
        with np.load(Path(path).expanduser(), allow_pickle=False) as file:
            table = {key: file[key] for key in file.files if "_directions_" in key}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"transfer function table {path}: cannot be read as an .npz file ({error})"
        ) from error
    if len(table) < 2:
        raise ConfigError(
            f"transfer function table {path} has no directions of b jets; fit it again, or set "
            "physics.detector.directions.kind: exact"
        )
    found = DirectionResponse(table["b_preFSR_directions_pt"], table["b_preFSR_directions_dr"])
    if found.dr.ndim != 2 or found.dr.shape != (len(found.pt), KNOTS) or np.any(np.diff(found.pt) <= 0):
        raise InputError(f"transfer function table {path}: malformed directions of b jets")
    return found
