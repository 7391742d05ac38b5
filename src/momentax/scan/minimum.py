"""Minimum of a likelihood over (mH, mA) between the mass points: a paraboloid through the lowest ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from momentax.errors import InputError

LEAST_POINTS = 9
"""Mass points that a paraboloid (6 numbers) is fitted to."""


class Minimum(NamedTuple):
    """Position of the minimum of -ln L, GeV."""

    mass: np.ndarray
    """(mH, mA)."""
    error: np.ndarray
    """Standard deviations of mH and mA: bootstrap over events."""
    correlation: float
    lowest: np.ndarray
    """(mH, mA) of the lowest mass point."""
    points_used: int
    interior: bool
    """The minimum lies within the range of the points of the fit. If not, it is an extrapolation: extend the scan."""

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers, for JSON."""
        return {
            "mH": float(self.mass[0]),
            "mA": float(self.mass[1]),
            "mH_error": float(self.error[0]),
            "mA_error": float(self.error[1]),
            "correlation": self.correlation,
            "lowest_point": self.lowest.tolist(),
            "points_used": self.points_used,
            "interior": self.interior,
        }


def quadratic_minimum(
    points: np.ndarray,
    terms: np.ndarray,
    n_points: int = 12,
    replicas: int = 500,
    seed: int = 1,
) -> Minimum:
    """Minimum of the paraboloid through the lowest points of the mean of ``terms``, with bootstrap errors.

    The lowest points, not those in a box: m_llbb - m_bb is measured far better than either mass, so -ln L is a narrow
    valley along mH - mA, and across it no parabola.

    Args:
        points: (mH, mA) [k, 2] in GeV.
        terms: -ln W + ln sigma_vis [k, n] (`momentax.scan.likelihood.Terms`).
        n_points: mass points of the fit, at least nine.
        replicas, seed: of the bootstrap over events. Replicas keep the points of the fit.

    Raises:
        InputError: fewer points than asked, or a surface that has no minimum there.
    """
    mean = terms.mean(axis=1)
    lowest = points[int(np.argmin(mean))]
    if not LEAST_POINTS <= n_points <= len(points):
        raise InputError(
            f"{n_points} of {len(points)} mass points for a paraboloid: it needs at least {LEAST_POINTS}, and no more "
            "than there are"
        )
    near = np.sort(np.argsort(mean, kind="stable")[:n_points])
    scale = np.ptp(points[near], axis=0)
    if not np.all(scale > 0):
        raise InputError("the lowest mass points lie on a line: make the scan finer or wider")
    scaled = (points[near] - lowest) / scale
    x, y = scaled.T
    inverse = np.linalg.pinv(np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1))
    n = terms.shape[1]
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=replicas) / n
    solutions = _stationary(inverse @ np.concatenate([mean[None], drawn @ terms.T])[:, near].T)
    if not np.isfinite(solutions[0]).all():
        raise InputError(
            f"-ln L around its lowest point ({lowest[0]:g}, {lowest[1]:g}) is no bowl: no minimum can be fitted"
        )
    masses = lowest + solutions * scale
    spread = masses[1:][np.isfinite(masses[1:]).all(axis=1)]
    covariance = np.cov(spread.T)
    error = np.sqrt(np.diag(covariance))
    inside = np.stack([scaled.min(axis=0), scaled.max(axis=0)])
    return Minimum(
        masses[0],
        error,
        float(covariance[0, 1] / error.prod()),
        lowest,
        n_points,
        bool(np.all((solutions[0] >= inside[0]) & (solutions[0] <= inside[1]))),
    )


def _stationary(coefficients: np.ndarray) -> np.ndarray:
    """Minima [n, 2] of 1, x, y, x^2, xy, y^2 with coefficients [6, n]; NaN where it is no minimum."""
    _, bx, by, cxx, cxy, cyy = coefficients
    determinant = 4.0 * cxx * cyy - cxy**2
    bowl = (determinant > 0) & (cxx > 0)
    safe = np.where(bowl, determinant, 1.0)
    position = np.stack([cxy * by - 2.0 * cyy * bx, cxy * bx - 2.0 * cxx * by], axis=1) / safe[:, None]
    return np.where(bowl[:, None], position, np.nan)
