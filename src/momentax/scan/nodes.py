"""Coordinates of the mass plane in which the acceptance of H -> ZA is smooth, and nodes spread evenly in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from momentax.constants import MASS_Z
from momentax.errors import InputError

LEAST_NODES = 13
METRIC = (1.0, 1.6)
"""Unit of length in the two coordinates: the acceptance varies faster in ln mA than in ln p."""


def coordinates(points: np.ndarray) -> np.ndarray:
    """(ln mA, ln p) [k, 2] at (mH, mA) [k, 2], GeV; p = sqrt(lambda(mH^2, mA^2, mZ^2))/(2 mH).

    p is the momentum of Z and A in the rest frame of H. mA and p set the momenta of jets and leptons; p moves as the
    root of the distance to mH = mA + mZ. Raises InputError where H -> ZA is closed.
    """
    m_h, m_a = np.asarray(points, dtype=float).T
    square = np.where(
        m_h > m_a + MASS_Z, ((m_h - m_a) ** 2 - MASS_Z**2) * ((m_h + m_a) ** 2 - MASS_Z**2), 0.0
    )
    if not np.all(square > 0):
        raise InputError(f"H -> ZA is closed at {np.asarray(points)[int(np.argmin(square))].tolist()}")
    return np.stack([np.log(m_a), 0.5 * np.log(square) - np.log(2.0 * m_h)], axis=1)


def spread(points: Sequence[tuple[float, float]], n: int) -> list[tuple[float, float]]:
    """``n`` of the mass points (all, if there are fewer), in their order: each next one the farthest from those taken.

    The first is the one nearest to the middle of all.
    """
    if len(points) <= n:
        return list(points)
    x = coordinates(np.array(points)) / METRIC
    taken = [int(np.argmin(np.sum((x - x.mean(axis=0)) ** 2, axis=1)))]
    distance = np.sum((x - x[taken[0]]) ** 2, axis=1)
    while len(taken) < n:
        taken.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.sum((x - x[taken[-1]]) ** 2, axis=1))
    return [points[i] for i in sorted(taken)]


__all__ = ["LEAST_NODES", "coordinates", "spread"]
